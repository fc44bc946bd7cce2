/** kftray's JSON export: a list of configurations, or one (crates/kftray-commons, config_model.rs). */
import * as z from 'zod';
import { AppError } from '../../base/app-error.ts';
import type { Profile } from '../../contract/profile.ts';
import { guessKind } from './guess-kind.ts';
import { type Imported, Importing, type ImportOptions } from './imported.ts';

const text = z.string().max(2_000).nullish();
const port = z.number().int().min(0).max(65_535).nullish();
/** kftray writes true and "true". */
const flag = z.union([z.boolean(), z.string()]).nullish();

const configSchema = z.object({
  service: text,
  target: text,
  namespace: text,
  local_port: port,
  remote_port: port,
  context: text,
  workload_type: text,
  protocol: text,
  remote_address: text,
  local_address: text,
  auto_loopback_address: flag,
  alias: text,
  domain_enabled: flag,
  kubeconfig: text,
  http_logs_enabled: flag,
});
type Config = z.infer<typeof configSchema>;

const maxConfigs = 2_000;

/** Throws SP-IMPORT where it is not kftray's format. */
export function importKftray(json: unknown, options: ImportOptions = {}): Imported {
  const entries = Array.isArray(json) ? json : [json];
  if (entries.length > maxConfigs)
    throw new AppError('SP-IMPORT', { message: `it has more than ${maxConfigs} entries` });
  const importing = new Importing(options);
  for (const [index, entry] of entries.entries()) {
    const config = configSchema.safeParse(entry);
    if (config.data) importConfig(config.data, importing, options);
    else
      importing.leaveOut(
        `entry ${index + 1}`,
        `${config.error.issues[0]?.path.join('.')} is not as kftray writes it`,
      );
  }
  return importing.result();
}

/** Whether parsed JSON looks like it. */
export function isKftray(json: unknown): boolean {
  const first: unknown = Array.isArray(json) ? json[0] : json;
  return typeof first === 'object' && first !== null && 'workload_type' in first;
}

function importConfig(config: Config, importing: Importing, options: ImportOptions): void {
  const what =
    given(config.alias) ??
    given(config.service) ??
    given(config.target) ??
    given(config.remote_address) ??
    'an entry';
  const target = targetOf(config);
  if ('reason' in target) return importing.leaveOut(what, target.reason);
  const context = given(config.context) ?? options.context;
  if (context === undefined) return importing.leaveOut(what, 'it names no context');
  const remotePort = config.remote_port || config.local_port;
  if (!remotePort) return importing.leaveOut(what, 'it has no port');

  const local = config.local_port || undefined;
  const address = localAddress(config, what, importing);
  const kind = guessKind({
    port: remotePort,
    words: [config.service ?? '', config.target ?? '', config.alias ?? ''],
  });
  const profile: Profile = {
    cluster: { context },
    namespace: given(config.namespace) ?? options.namespace ?? 'default',
    target: target.target,
    port: remotePort,
    ...(local === undefined ? {} : { local: address === undefined ? local : { address, port: local } }),
    ...(kind ? { kind } : {}),
  };
  importing.add(what, profile);
  if (isOn(config.domain_enabled))
    importing.leaveOut(`the domain ${what}`, 'names in the hosts file are not kept: use the local address');
  if (isOn(config.http_logs_enabled)) importing.leaveOut(`HTTP logs of ${what}`, 'requests are not logged');
  if (given(config.kubeconfig) && config.kubeconfig !== 'default') {
    importing.leaveOut(
      `the kubeconfig of ${what}`,
      'contexts are looked up in your kubeconfig: add that file to KUBECONFIG',
    );
  }
}

function targetOf({
  workload_type,
  service,
  target,
  protocol,
}: Config): { target: string } | { reason: string } {
  if ((given(protocol) ?? 'tcp').toLowerCase() !== 'tcp')
    return { reason: 'it is UDP, which Kubernetes does not forward' };
  switch (workload_type) {
    case 'service':
      return given(service) ? { target: `service/${service}` } : { reason: 'it names no service' };
    case 'pod':
      return given(target) ? { target: `selector/${target}` } : { reason: 'it names no pods' };
    case 'proxy':
      return { reason: 'it leads through the cluster to another host, which needs a relay' };
    case 'expose':
      return { reason: 'it exposes a local port in the cluster, the other way round' };
    default:
      return { reason: 'its workload_type is none of kftray' };
  }
}

function localAddress(config: Config, what: string, importing: Importing): string | undefined {
  if (isOn(config.auto_loopback_address)) {
    importing.leaveOut(
      `the loopback address of ${what}`,
      'kftray chose it; all profiles listen on 127.0.0.1 unless they name another',
    );
    return undefined;
  }
  const address = given(config.local_address);
  if (address === undefined || address === '127.0.0.1' || address === 'localhost') return undefined;
  if (/^[0-9A-Fa-f:.]{2,45}$/.test(address)) return address;
  importing.leaveOut(`the local address of ${what}`, 'it is no IP address');
  return undefined;
}

/** What a person filled in: kftray writes placeholders of its own where nothing was. */
function given(value: string | null | undefined): string | undefined {
  const trimmed = value?.trim();
  if (
    !trimmed ||
    /^(default-(service|namespace|target|remote-address|alias|workload)|current-context)$/.test(trimmed)
  ) {
    return undefined;
  }
  return trimmed;
}

function isOn(value: boolean | string | null | undefined): boolean {
  return value === true || value === 'true';
}
