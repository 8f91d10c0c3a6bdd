import { HttpRequestReader } from "../../../runtime/report/http-request.ts";

function read(...chunks: string[]) {
  const reader = new HttpRequestReader();
  return chunks.map((chunk) => reader.push(Buffer.from(chunk, "latin1"))).at(-1);
}

test.each([
  ["GET /livez HTTP/1.1\r\nHost: a\r\n\r\n", "/livez", false],
  ["GET /livez HTTP/1.0\r\n\r\n", "/livez", false],
  ["GET http://relay.example:9600/livez?a HTTP/1.1\r\n\r\n", "/livez", false],
  ["HEAD /metrics HTTP/1.1\r\n\r\n", "/metrics", true],
  ["GET /readyz?verbose=1 HTTP/1.1\r\n\r\n", "/readyz", false],
  ["GET /livez HTTP/1.1\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n", "/livez", false],
])("reads %j", (text, path, isHead) => {
  expect(read(text)).toMatchObject({ kind: "page", path, isHead });
});

test.each([
  ["GET /livez HTTP/1.1\r\nHost: a\r\n", "\r", "\n"],
  ["G", "ET /livez HTTP/1.1\r\n\r\n"],
])("reads a request in pieces: %j", (...chunks) => {
  expect(read(...chunks)).toMatchObject({ kind: "page", path: "/livez", isHead: false });
});

test.each(["", "GET", "GET /livez HTTP/1.1\r\n", "GET /livez HTTP/1.1\r\nHost: a\r\n\n"])(
  "waits for more of %j",
  (text) => {
    expect(read(text)).toBeUndefined();
  },
);

test.each([
  ["POST /livez HTTP/1.1\r\n\r\n", 405],
  ["get /livez HTTP/1.1\r\n\r\n", 405],
  ["CONNECT a:1 HTTP/1.1\r\n\r\n", 405],
  ["GET http://relay.example HTTP/1.1\r\n\r\n", 400],
  ["GET livez HTTP/1.1\r\n\r\n", 400],
  ["GET  /livez HTTP/1.1\r\n\r\n", 400],
  ["GET /livez\r\n\r\n", 400],
  ["GET /livez HTTP/2.0\r\n\r\n", 400],
  ["\r\n\r\n", 400],
])("refuses %j with %d", (text, status) => {
  expect(read(text)).toEqual({ kind: "refused", status });
});

test("takes a head of 8 kB and refuses a longer one, in however many pieces it comes", () => {
  const head = (length: number) => `GET /livez HTTP/1.1\r\nX: ${"x".repeat(length - 28)}\r\n\r\n`;

  expect(head(8192)).toHaveLength(8192);
  expect(read(head(8192))).toMatchObject({ kind: "page" });
  expect(read(head(8193))).toEqual({ kind: "refused", status: 431 });
  expect(read(...head(8193).match(/.|\s/g)!)).toEqual({ kind: "refused", status: 431 });
});
