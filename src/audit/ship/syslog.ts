/**
 * Syslog over TLS: messages of RFC 5424, framed by their length as RFC 5425 has it. Syslog has no acknowledgement. What comes nearest:
 * each batch has a connection of its own, which is closed for writing behind it; a receiver that has read to its end closes its side,
 * one that failed before resets it. Only the clean close counts. A receiver that loses what it has read is not noticed, nor one that
 * closes at once, in good order and without reading, when a batch is small: a log that must not lose anything goes by OTLP or webhook.
 */
import { isIP } from 'node:net';
import { checkServerIdentity, connect, type TLSSocket } from 'node:tls';
import type { Secret } from '../../base/secret.ts';
import type { AuditRecord } from '../../contract/audit-event.ts';
import type { Destination, Sent, ShippedLine } from './destination.ts';

export interface SyslogOptions {
  readonly host: string;
  /** Default 6514. */
  readonly port?: number;
  /** Certificates of authorities to trust instead of the usual ones, PEM. */
  readonly ca?: string;
  /** The client's own certificate, where the receiver asks for one, PEM. */
  readonly certificate?: { readonly cert: string; readonly key: Secret };
  /** What the receiver's certificate must name. Default: `host`. */
  readonly serverName?: string;
  /** Of this machine, as messages name it. */
  readonly hostName: string;
  /** For a whole batch. Default 30,000. */
  readonly timeoutMs?: number;
}

/** Facility "log audit". */
const facility = 13;
const severity = { warning: 4, info: 6 };
const defaultTimeoutMs = 30_000;

export function syslog(options: SyslogOptions): Destination {
  const pid = process.pid;
  return {
    async send({ lines }, signal) {
      const { timeoutMs = defaultTimeoutMs } = options;
      const timeout = AbortSignal.timeout(timeoutMs);
      const frames = Buffer.concat(lines.map((line) => frame(message(line, options.hostName, pid))));
      const sent = await deliver(options, frames, AbortSignal.any([signal, timeout]));
      signal.throwIfAborted();
      return timeout.aborted && sent.kind !== 'taken'
        ? { kind: 'later', why: `not done in ${timeoutMs} ms` }
        : sent;
    },
  };
}

/** RFC 5425 section 4.3: MSG-LEN SP SYSLOG-MSG. */
function frame(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from(`${bytes.length} `), bytes]);
}

/** RFC 5424 section 6: the message is the line as it stands in the log; ASCII, so without a BOM. */
function message({ line, record }: ShippedLine, hostName: string, pid: number): string {
  const priority = facility * 8 + (isWarning(record) ? severity.warning : severity.info);
  // Numbers end at 2^31 - 1 and go on at 1 (section 7.3.1).
  const sequenceId = ((record.seq - 1) % 2_147_483_647) + 1;
  const host = printable(hostName, 255);
  return `<${priority}>1 ${record.at} ${host} sallyport ${pid} ${printable(record.event, 32)} [meta sequenceId="${sequenceId}"] ${line}`;
}

function isWarning(record: AuditRecord): boolean {
  return 'error' in record || /(denied|lost|cut|damage|changed|gap)/.test(record.event);
}

/** PRINTUSASCII, at most so long; nil where nothing is left. */
function printable(text: string, maxLength: number): string {
  return text.replace(/[^\x21-\x7e]/g, '').slice(0, maxLength) || '-';
}

function deliver(options: SyslogOptions, frames: Buffer, signal: AbortSignal): Promise<Sent> {
  const { host, port = 6514, ca, certificate, serverName = host } = options;
  return new Promise((resolve) => {
    let ended = false;
    const socket: TLSSocket = connect({
      host,
      port,
      // An address cannot be sent as a name (RFC 6066), but is checked all the same.
      ...(isIP(serverName) === 0 && { servername: serverName }),
      checkServerIdentity: (_host, found) => checkServerIdentity(serverName, found),
      minVersion: 'TLSv1.2',
      ...(ca !== undefined && { ca }),
      ...(certificate && { cert: certificate.cert, key: certificate.key.reveal() }),
    });
    const abort = () => socket.destroy(new Error('aborted'));
    const settle = (sent: Sent) => {
      signal.removeEventListener('abort', abort);
      socket.destroy();
      resolve(sent);
    };
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    socket.on('secureConnect', () => socket.end(frames));
    // Nothing is to come; what does must not keep the end from being seen.
    socket.resume();
    socket.on('end', () => {
      // One that closes while lines are on their way has not read them.
      ended = socket.writableFinished;
    });
    socket.on('error', (error) => settle({ kind: 'later', why: error.message }));
    socket.on('close', () =>
      settle(ended ? { kind: 'taken' } : { kind: 'later', why: 'it closed too early' }),
    );
  });
}
