import { printable } from "../../contract/printable.ts";
import { statusVersion, type HistoryDocument } from "../../contract/status/schema.ts";
import { plainPage, type Page } from "../page-server.ts";
import { stepMs, type History } from "./history.ts";

/** Answers with the last minutes of one dataflow, or of all where `query` names none. */
export function renderHistory(history: History, query: string): Page {
  const name = new URLSearchParams(query).get("dataflow");
  const series = history.series(name ?? undefined);
  if (series === undefined) return plainPage(404, printable(`there is no dataflow "${name}" that runs`));
  const document: HistoryDocument = {
    version: statusVersion,
    dataflow: name,
    end: new Date(Date.now() - (performance.now() - history.lastMs)).toISOString(),
    stepSeconds: stepMs / 1000,
    receivedPerSecond: [...series.received],
    deliveredPerSecond: [...series.delivered],
    waiting: [...series.waiting],
    onDisk: [...series.onDisk],
    p50Seconds: [...series.p50],
    p99Seconds: [...series.p99],
  };
  const body = Buffer.from(JSON.stringify(document));
  return { status: 200, contentType: "application/json; charset=utf-8", body };
}
