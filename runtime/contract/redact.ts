/** What stands for a secret that was left out. */
const hidden = "…";

/** A secret, or a form of it, of so many characters is found wherever it stands. */
const leastAnywhere = 8;
/** A shorter one is left out only where it stands by itself; one that is shorter than this only where a value stands. */
const leastByItself = 4;

/**
 * What looks like a JSON Web Token, or like the start of one that was cut: no matter whose it is.
 * @see RFC 7519 §3; `{"` begins as "eyJ" in Base64
 */
const webToken = /eyJ[\w-]*(?:\.[\w-]*)*/g;
const leastToken = 12;

/**
 * Leaves out of a peer's text what it was shown by this client: a broker or a proxy may repeat a password in its answer, as it
 * is, in Base64 (Basic), in hexadecimal, or encoded for a URL or for JSON. Guards against a peer that repeats, and not against one that
 * wants to tell: such a one has other ways.
 *
 * How long a secret is decides where it is looked for, so that a short one does not leave holes in every text:
 * - 8 characters and more: anywhere
 * - 4 to 7: where no letter or digit is beside it, `able` in `not able` and not in `unable`
 * - 1 to 3: where besides a quotation mark, "=" or ":" is before it, as in `password "abc"`
 *
 * Takes time by the length of both: it is for what a connection ends with, and not for each message. Never throws.
 *
 * @param secrets texts, or their bytes; empty and missing ones count for nothing
 */
export function withoutSecrets(text: string, secrets: readonly (string | Buffer | undefined)[]): string {
  const forms = new Set(secrets.flatMap((secret) => (secret === undefined ? [] : formsOf(Buffer.from(secret)))));
  // A longer one may have a shorter one in it, a pair of user and password for instance.
  return (
    [...forms]
      .sort((a, b) => b.length - a.length)
      .reduce((rest, form) => rest.replaceAll(form.length < leastAnywhere ? standing(form) : form, hidden), text)
      // Judged here, since a pattern that does would try anew at each "eyJ" of a long text.
      .replace(webToken, (found) => (found.length >= leastToken && found.includes(".") ? hidden : found))
  );
}

function formsOf(secret: Buffer): string[] {
  const text = secret.toString("utf8");
  // Without its signature a token opens nothing.
  const signature = /^[\w-]+\.[\w-]+\.([\w-]{20,})$/.exec(text)?.[1];
  const url = encodeURIComponent(text.toWellFormed());
  const encoded = [...base64Forms(secret), secret.toString("hex")].filter((form) => form.length >= leastAnywhere);
  const forms = [text, url, url.replace(/%../g, (byte) => byte.toLowerCase()), JSON.stringify(text).slice(1, -1)];
  return [...forms, ...encoded, ...(signature === undefined ? [] : [signature])].filter((form) => form !== "");
}

/**
 * What Base64 makes of a secret wherever it stands in another text, `user:password` for instance: three forms, by its place,
 * without the characters at both ends that its neighbours have a part in; in both alphabets.
 */
function base64Forms(secret: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), secret]);
    const whole = bytes.toString("base64").replace(/=+$/, "");
    const form = whole.slice(Math.ceil((before * 8) / 6), bytes.length % 3 === 0 ? undefined : -1);
    return [form, form.replaceAll("+", "-").replaceAll("/", "_")];
  });
}

/** Finds a short secret where it stands by itself; a very short one where a value stands. */
function standing(secret: string): RegExp {
  const before = secret.length < leastByItself ? `(?<=["'“‘\`=:]\\s?)` : String.raw`(?<![\p{L}\p{N}])`;
  return new RegExp(`${before}${secret.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")}(?![\\p{L}\\p{N}])`, "gu");
}
