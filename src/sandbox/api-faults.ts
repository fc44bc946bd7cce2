import { StatusError, unauthorized } from './status-error.ts';

export interface ApiFailure {
  /** 422 is the refusal of an admission policy; give it a path, as /\/portforward$/. */
  readonly httpCode: 401 | 422 | 429 | 500 | 503;
  readonly retryAfterSeconds?: number;
  /** How many requests fail; default: until `restore`. */
  readonly count?: number;
  /** Only requests whose path this matches. */
  readonly path?: RegExp;
}

/** Answers of the API server that stand before anything else. */
export class ApiFaults {
  readonly #failures: { readonly failure: ApiFailure; left: number }[] = [];

  /** Requests fail from now on. Several failures apply in the order they were set. */
  fail(failure: ApiFailure): void {
    this.#failures.push({ failure, left: failure.count ?? Number.POSITIVE_INFINITY });
  }

  restore(): void {
    this.#failures.length = 0;
  }

  /** The error for a request, counting it. */
  intercept(path: string): StatusError | undefined {
    const hit = this.#failures.find(({ failure, left }) => left > 0 && (failure.path?.test(path) ?? true));
    if (!hit) return undefined;
    hit.left--;
    const { httpCode, retryAfterSeconds } = hit.failure;
    const details = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
    switch (httpCode) {
      case 401:
        return unauthorized();
      case 422: {
        const message = `ValidatingAdmissionPolicy 'no-forwards' with binding 'no-forwards' denied request: not in this namespace`;
        return new StatusError(422, 'Invalid', `${path.split('/').at(-1)} is forbidden: ${message}`, details);
      }
      case 429:
        return new StatusError(429, 'TooManyRequests', 'Too many requests, please try again later.', details);
      case 503:
        return new StatusError(503, 'ServiceUnavailable', 'apiserver is shutting down', details);
      case 500:
        return new StatusError(
          500,
          'InternalError',
          'Internal error occurred: a fault of the sandbox',
          details,
        );
    }
  }
}
