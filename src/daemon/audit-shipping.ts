import { hostname } from 'node:os';
import { join } from 'node:path';
import { cursorFile } from '../audit/ship/cursor.ts';
import { type ShippedLog, Shipper } from '../audit/ship/shipper.ts';
import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import type { ShipperStatus } from '../contract/audit-status.ts';
import { createDestination, type ShipperSettings } from './audit-destination.ts';

export interface AuditShippingOptions {
  /** Where places are kept. */
  readonly folder: string;
  readonly logFolder: string;
  readonly log: ShippedLog;
  readonly clock: Clock;
  readonly version: string;
  readonly home: string;
  readonly settings: readonly ShipperSettings[];
}

type Part =
  | { readonly settings: ShipperSettings; readonly shipper: Shipper }
  | { readonly settings: ShipperSettings; readonly why: string };

/** All receivers of the log, each at its own pace; one whose settings cannot be used leaves the others alone. */
export class AuditShipping implements AsyncDisposable {
  readonly #options: AuditShippingOptions;
  readonly #parts: Part[] = [];

  constructor(options: AuditShippingOptions) {
    this.#options = options;
  }

  /** Reads what the settings name and begins to send. Never rejects. */
  async start(): Promise<void> {
    const { settings, folder, logFolder, log, clock, version, home } = this.#options;
    for (const each of settings) {
      try {
        const destination = await createDestination(each, { version, hostName: hostname(), home });
        const { name } = each;
        const place = join(folder, cursorFile(name));
        const shipper = new Shipper({
          name,
          folder: logFolder,
          log,
          destination,
          cursorFile: place,
          clock,
        });
        this.#parts.push({ settings: each, shipper: shipper.start() });
      } catch (error) {
        this.#parts.push({ settings: each, why: AppError.from(error).message });
      }
    }
  }

  /** What all receivers have; undefined where there is none. */
  get sent(): number | undefined {
    const seqs = this.#parts.map((part) => ('shipper' in part ? part.shipper.sent.seq : 0));
    return seqs.length === 0 ? undefined : Math.min(...seqs);
  }

  /** `last`: number of the log's last line. */
  statuses(last: number): ShipperStatus[] {
    return this.#parts.map((part) => {
      const { name, to } = part.settings;
      if ('why' in part) return { name, to, state: 'off', why: part.why };
      const { state } = part.shipper;
      const { sent, rejected } = state;
      const counts = { name, to, sent, behind: Math.max(0, last - sent), rejected };
      if (state.kind === 'shipping') return { ...counts, state: 'shipping' };
      return {
        ...counts,
        state: state.refused ? 'refused' : 'waiting',
        why: state.why,
        sinceMs: state.sinceMs,
      };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#parts.map((part) => ('shipper' in part ? part.shipper[Symbol.asyncDispose]() : undefined)),
    );
  }
}
