/** What to look for: in every form in which a program may put a secret out. */
export function needlesOf(secret: string): string[] {
  if (secret.includes("-----BEGIN ")) return privateKeyLines(secret);
  // The first two parts of a token are no secret; without the third they open nothing, and with it the whole is found.
  const signature = /^[\w-]+\.[\w-]+\.(?<signature>[\w-]{20,})$/.exec(secret)?.groups?.["signature"];
  const text = signature ?? secret;
  const forms = [
    text,
    encodeURIComponent(text),
    new URLSearchParams({ x: text }).toString().slice("x=".length),
    JSON.stringify(text).slice(1, -1),
    ...base64Forms(text),
  ];
  return [...new Set(forms)];
}

/** Each line of a private key's body: a certificate beside it is public. */
function privateKeyLines(pem: string): string[] {
  const keys = [...pem.matchAll(/-----BEGIN [A-Z ]*PRIVATE KEY-----(?<body>[^-]*)-----END/g)];
  return keys
    .flatMap(({ groups }) => (groups?.["body"] ?? "").split(/\s+/))
    .filter((line) => line.length >= leastLineLength);
}

/** The last line of a key may be a few characters, which stand in any base64. */
const leastLineLength = 16;

/**
 * What Base64 makes of a text wherever it stands in another one, `user:<text>` for instance: three forms, by its place,
 * without the characters at both ends that its neighbours have a part in; in both alphabets.
 */
function base64Forms(text: string): string[] {
  return [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(text)]);
    const whole = bytes.toString("base64").replace(/=+$/, "");
    const form = whole.slice(Math.ceil((before * 8) / 6), bytes.length % 3 === 0 ? undefined : -1);
    return [form, form.replaceAll("+", "-").replaceAll("/", "_")];
  });
}
