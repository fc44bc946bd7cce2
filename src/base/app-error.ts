import {
  type ErrorCode,
  type ErrorData,
  type ErrorDetails,
  errorTable,
  errorText,
  type RetryClass,
} from '../contract/error-codes.ts';

/** The one error type. Its code decides retry, exit code and sentence; nothing matches on message text. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails = {}, cause?: unknown) {
    super(errorText({ code, details }).headline, cause === undefined ? undefined : { cause });
    this.name = 'AppError';
    this.code = code;
    this.details = details;
  }

  get retry(): RetryClass {
    // A newer daemon may answer with codes that this program does not know.
    return errorTable[this.code]?.retry ?? 'never';
  }

  get exitCode(): number {
    return errorTable[this.code]?.exitCode ?? 1;
  }

  toData(): ErrorData {
    return { code: this.code, details: this.details };
  }

  /** Any thrown value as an AppError; what is not one already becomes SP-INTERNAL with the value as cause. */
  static from(thrown: unknown): AppError {
    if (thrown instanceof AppError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new AppError('SP-INTERNAL', { message }, thrown);
  }
}
