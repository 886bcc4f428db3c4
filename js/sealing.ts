// Seals and opens the values of records.

import type { CookieRejection } from "./events.ts";
import type { Settings } from "./options.ts";
import type { Judged } from "./records.ts";
import { type OpenedText, purposes } from "./results.ts";
import { recordKey } from "./visit.ts";

const plainData = "1j.";
const sealedData = "1s.";

/** Says whether a record's values are sealed: those of data by its first field, those left behind a forwarding as no object. */
export function isSealed({ header, values }: Judged): boolean {
  const kind = header.charCodeAt(1);
  return kind === 0x73 || (kind === 0x6d && !values.startsWith("{"));
}

/** Gives a record's text with its values sealed, bound to its key and header; a record that never has values stays as it is. */
export function sealRecord(settings: Settings, id: string, header: string, values: string): string {
  const isData = header.startsWith(plainData);
  if (values === "{}" && !isData) return header + values;
  const clear = isData ? sealedData + header.slice(plainData.length) : header;
  return clear + settings.core.sealText(purposes.record, recordKey(settings, id), clear, values);
}

/** Opens the values of a record that was found under this id, or says why they do not open. */
export function openValues(settings: Settings, id: string, { header, values }: Judged): OpenedText | CookieRejection {
  return settings.core.openText(purposes.record, recordKey(settings, id), header, values, 0);
}
