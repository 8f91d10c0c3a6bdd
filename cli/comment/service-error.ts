/** What a {@link ServiceError} knows beyond its text. */
export interface ServiceFailure {
  /** HTTP status of the answer; omitted where none came. */
  readonly status?: number | undefined;
  /** Milliseconds after which the same request may pass; omitted where trying again changes nothing. */
  readonly retryAfterMs?: number | undefined;
  /** The service asked for that wait, so that a shorter one only makes it worse. */
  readonly isLimit?: boolean | undefined;
}

/** GitHub or Azure DevOps did not do what was asked. The text is `<where>: <what is wrong>; <what to do>`. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly code = "CI_SERVICE";
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly isLimit: boolean;

  constructor(message: string, failure: ServiceFailure, options?: ErrorOptions) {
    super(message, options);
    this.status = failure.status;
    this.retryAfterMs = failure.retryAfterMs;
    this.isLimit = failure.isLimit ?? false;
  }
}
