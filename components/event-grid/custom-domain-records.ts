/** A TXT record that has to be in DNS before Event Grid uses a custom domain. */
export interface CustomDomainRecord {
  /** The custom domain. */
  fullyQualifiedDomainName: string;
  /** Name of the TXT record. */
  expectedTxtRecordName: string;
  /** Value of the TXT record. */
  expectedTxtRecordValue: string;
  /** What Event Grid has found so far: `"Pending"`, `"Approved"` or an error of its own. */
  validationState: string;
}

/** A custom domain as Azure answers. */
export interface CustomDomainAnswer {
  readonly fullyQualifiedDomainName: string;
  readonly expectedTxtRecordName?: string | undefined;
  readonly expectedTxtRecordValue?: string | undefined;
  readonly validationState?: string | undefined;
}

/** The records of custom domains; of those that Azure has told something of. */
export function listDomainRecords(domains: readonly CustomDomainAnswer[]): CustomDomainRecord[] {
  return domains.flatMap(
    ({ fullyQualifiedDomainName, expectedTxtRecordName, expectedTxtRecordValue, validationState }) =>
      expectedTxtRecordName === undefined || expectedTxtRecordValue === undefined
        ? []
        : [
            {
              fullyQualifiedDomainName,
              expectedTxtRecordName,
              expectedTxtRecordValue,
              validationState: validationState ?? "Pending",
            },
          ],
  );
}
