import type { ErrorData } from '../contract/error-codes.ts';
import type { Denial, LocalProof } from './client-greeting.ts';
import type { DialledPod } from './dial.ts';
import type { Refusal } from './read-only-policy.ts';
import type { AuditedStatement } from './redact-statement.ts';
import type { LoginMethod } from './upstream-login.ts';

/** What becomes of the logins of one tunnel, for its state and the audit. Never holds a password, a key, or a literal of a statement. */
export type GatewayEvent =
  /** A client that did not prove that it may; nothing of it reached the pod. */
  | {
      readonly kind: 'denied';
      readonly why: Denial | 'too-many' | 'too-slow';
      readonly user: string | undefined;
    }
  | (LoginNames & {
      readonly kind: 'login';
      readonly proof: LocalProof;
      readonly pod: DialledPod;
      /** As whom the gateway logged in. */
      readonly role: string;
      readonly method: LoginMethod;
      /** The database asked for nothing: it lets anyone in who comes through the tunnel. */
      readonly letsAnyoneIn: boolean;
      readonly superuser: boolean;
      readonly encrypted: { readonly local: boolean; readonly server: boolean };
      readonly serverVersion: string | undefined;
      /** On a replica; undefined: the server does not say so by itself (before PostgreSQL 14, or a pooler). */
      readonly inRecovery: boolean | undefined;
      /** It shares its connections to the database among clients. */
      readonly pooler: boolean;
    })
  /** A client that may, and for which there was no way into the database. */
  | (LoginNames & { readonly kind: 'login-failed'; readonly error: ErrorData })
  /** A pooler that let it in had no connection for it after all. */
  | (LoginNames & { readonly kind: 'session-refused'; readonly error: ErrorData })
  | (LoginNames & { readonly kind: 'statement-refused'; readonly why: Refusal })
  | (LoginNames & { readonly kind: 'statement' } & AuditedStatement)
  | { readonly kind: 'cancel'; readonly found: boolean };

export interface LoginNames {
  readonly user: string;
  readonly database: string;
  readonly applicationName: string;
}
