import type { RelayConfig } from "../../runtime/contract/config.ts";
import type { HostAddress } from "../../runtime/contract/config/endpoint.ts";
import { createSite, usedEndpoints } from "../client/site.ts";
import type { DeclaredTopicSpace } from "../explain/topic-spaces.ts";
import { askTime } from "./time-server.ts";
import type { ClockSign } from "./clock.ts";
import { examineEndpoint } from "./endpoint.ts";
import type { Report } from "./finding.ts";
import { checkLoad, checkSessions, type Load } from "./load.ts";
import { checkClock, checkDisk, checkMemory } from "./machine.ts";

/** How a site is examined. */
export interface DoctorOptions {
  readonly mountPath?: string | undefined;
  /** Folder of the spool; omitted: the configuration's. */
  readonly spoolPath?: string | undefined;
  readonly connectTo: ReadonlyMap<string, HostAddress>;
  /** Whether it may publish; whoever reads the topics gets the messages. */
  readonly publishes: boolean;
  readonly load?: Load | undefined;
  /** An NTP server that tells the time. */
  readonly timeServer?: HostAddress | undefined;
  readonly topicSpaces: readonly DeclaredTopicSpace[];
}

/**
 * Examines what a relay with this configuration needs: this machine, and each endpoint that its dataflows use, one after the
 * other. Never takes over a session of the relay, and publishes nothing unless it may. Never rejects for what it finds.
 */
export async function runDoctor(config: RelayConfig, options: DoctorOptions, report: Report): Promise<void> {
  checkMemory(config, report);
  checkDisk(config, options.spoolPath, report);
  checkSessions(config, report);
  checkLoad(config, options.load, report);
  const site = createSite(config, options);
  const signs: ClockSign[] = [];
  for (const name of usedEndpoints(config)) {
    const { clock } = await examineEndpoint(name, site, options, report);
    if (clock !== undefined) signs.push(clock);
  }
  if (options.timeServer !== undefined) {
    const clock = await askTime(options.timeServer, report);
    if (clock !== undefined) signs.push(clock);
  }
  checkClock(signs, report);
}
