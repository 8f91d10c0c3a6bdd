import type { Room } from "../../../runtime/memory/lane.ts";

export class FakeRoom implements Room {
  isGranted = false;
  isReleased = false;
  onGranted: () => void = () => undefined;

  grant(): void {
    this.isGranted = true;
    this.onGranted();
  }

  release(): void {
    this.isReleased = true;
  }
}
