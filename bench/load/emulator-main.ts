import { createBroker } from "../../emulator/broker.ts";
import { createAioProfile } from "../../emulator/profiles/aio.ts";

/* The emulator in a process of its own. Tells its port, and ends with its parent. */
const profile = createAioProfile({ isAnonymousAllowed: true });
const broker = await createBroker({ profile, listeners: [{ transport: "tcp" }] });
process.on("disconnect", () => process.exit());
process.send?.(broker.addresses[0]?.port);
