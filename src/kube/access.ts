/** Everything needed to reach one cluster as one user, read from the files at one moment. Never changed: a change of the files makes another. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { OutgoingHttpHeaders } from 'node:http';
import { dirname, resolve } from 'node:path';
import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { Secret } from '../base/secret.ts';
import { Connector } from './connector.ts';
import { credentialHolder, providerHolder } from './credential-holder.ts';
import {
  type Credentials,
  dataOrFile,
  fixedCredentials,
  type ReadNamedFile,
  storedCredential,
} from './credentials.ts';
import { type ExecClusterInfo, ExecPlugin } from './exec-plugin.ts';
import {
  kubeconfigPaths,
  loadKubeconfig,
  type PipeTexts,
  readMaybePipe,
  type SelectedContext,
  selectContext,
} from './kubeconfig.ts';
import type { ClusterEntry, Impersonation } from './kubeconfig-file.ts';
import { OidcCredentials } from './oidc.ts';
import { oidcRefresh } from './oidc-refresh.ts';
import { chooseProxy } from './proxy.ts';

/** A certificate bundle of every public authority is about 250 kB. */
const maxNamedFileBytes = 4 * 1024 * 1024;

export interface AccessOptions {
  /** --kubeconfig: that file alone. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly namespace?: string | undefined;
  /** Replaces the kubeconfig's impersonation where given. */
  readonly impersonate?: Impersonation | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Log;
  /** Somebody waits: a plugin may ask. */
  readonly interactive: () => boolean;
  readonly stdinIsTerminal: () => boolean;
  readonly onPluginOutput: (text: string) => void;
  /** What was read from pipes, for the next reading. */
  readonly pipes: PipeTexts;
  /** Ends plugins that run. */
  readonly signal: AbortSignal;
}

export interface Access {
  readonly contextName: string;
  readonly namespace: string;
  readonly user: string;
  readonly server: URL;
  readonly credentials: Credentials;
  readonly connector: Connector;
  readonly impersonation: OutgoingHttpHeaders;
  readonly warnings: readonly string[];
  /** The files that this came from, present or not, and the state each was in just before it was read. */
  readonly files: ReadonlyMap<string, string>;
  /** Equal for two readings that mean the same. */
  readonly digest: string;
  /** Equal for two readings that lead to the same server as the same user, whose credential may have been renewed between them. */
  readonly identity: string;
}

/** Reads kubeconfig and the files it names. Throws SP-KUBECONFIG-MISSING, SP-KUBECONFIG-INVALID, SP-CONTEXT-UNKNOWN, SP-API-PROXY. */
export async function loadAccess(options: AccessOptions): Promise<Access> {
  const places = { flag: options.kubeconfig, env: options.env };
  const files = await fileStamps(kubeconfigPaths(places).paths);
  const selected = selectContext(await loadKubeconfig(places, options.pipes), options);
  const { contextName, clusterName, cluster, userName, user, namespace } = selected;
  const hash = createHash('sha256');
  const read = async (path: string) => {
    files.set(path, await fileStamp(path));
    const content = await readMaybePipe(path, { limitBytes: maxNamedFileBytes, pipes: options.pipes });
    hash.update(`${path}\0${content}\0`);
    if (content === undefined)
      throw new AppError('SP-KUBECONFIG-INVALID', { path, message: 'it does not exist' });
    return content;
  };

  const invalid = (message: string) =>
    new AppError('SP-KUBECONFIG-INVALID', { path: user?.path, message: `cluster ${clusterName} ${message}` });
  const server = serverUrl(cluster);
  if (!server) throw invalid('has no server, or one that is not an http or https URL');
  const certificateAuthority = await dataOrFile(cluster.certificateAuthority, read);
  if (cluster.insecureSkipTlsVerify && certificateAuthority !== undefined) {
    throw invalid('has both a certificate-authority and insecure-skip-tls-verify');
  }
  const secure = server.protocol === 'https:';
  // Like kubectl, sends no credentials where anybody could read them.
  const stored = secure && user ? await storedCredential(user, read) : undefined;
  const credentials = stored
    ? fixedCredentials(stored)
    : ((secure
        ? await renewedCredentials({ ...options, selected, certificateAuthority, read })
        : undefined) ?? fixedCredentials({}));
  hash.update(JSON.stringify(selected, revealing));
  const impersonation = secure ? impersonationHeaders(options.impersonate ?? user?.impersonate ?? {}) : {};
  const { tlsServerName, insecureSkipTlsVerify } = cluster;
  const who = [
    stored && credentialHolder(stored),
    user?.exec,
    user?.authProvider && providerHolder(user.authProvider),
  ];
  const where = [server.href, certificateAuthority, tlsServerName, insecureSkipTlsVerify];
  return {
    contextName,
    namespace,
    user: userName,
    server,
    credentials,
    connector: new Connector({
      server,
      certificateAuthority,
      tlsServerName,
      insecureSkipTlsVerify,
      proxy: chooseProxy(server, { proxyUrl: cluster.proxyUrl, env: options.env }),
      user: userName,
      loginHint: credentials.loginHint,
      clock: options.clock,
    }),
    impersonation,
    warnings: insecureSkipTlsVerify
      ? [`the certificate of ${server.origin} is not verified (insecure-skip-tls-verify)`]
      : [],
    files,
    digest: hash.digest('hex'),
    identity: createHash('sha256')
      .update(JSON.stringify([where, userName, who, impersonation], revealing))
      .digest('hex'),
  };
}

/** Whether no file of `access` was written, replaced, made or removed since. A few stat calls: cheap enough for each dial. */
export async function isUpToDate(access: Access): Promise<boolean> {
  const now = await fileStamps([...access.files.keys()]);
  return [...access.files].every(([path, stamp]) => now.get(path) === stamp);
}

async function fileStamps(paths: readonly string[]): Promise<Map<string, string>> {
  return new Map(await Promise.all(paths.map(async (path) => [path, await fileStamp(path)] as const)));
}

async function fileStamp(path: string): Promise<string> {
  try {
    const { mtimeMs, ctimeMs, size, ino } = await stat(path);
    return `${mtimeMs} ${ctimeMs} ${size} ${ino}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  }
}

function serverUrl({ server, certificateAuthority, insecureSkipTlsVerify }: ClusterEntry): URL | undefined {
  const tls = certificateAuthority.data ?? certificateAuthority.file ?? (insecureSkipTlsVerify || undefined);
  // kubectl's default scheme follows the TLS settings.
  const url = URL.parse(/^https?:\/\//i.test(server) ? server : `${tls ? 'https' : 'http'}://${server}`);
  return server && url?.hostname ? url : undefined;
}

async function renewedCredentials(
  options: AccessOptions & {
    readonly selected: SelectedContext;
    readonly certificateAuthority: string | undefined;
    readonly read: ReadNamedFile;
  },
): Promise<Credentials | undefined> {
  const { selected, clock, env, log, read, signal } = options;
  const { user, userName, cluster } = selected;
  if (!user) return undefined;
  const invalid = (message: string) => new AppError('SP-KUBECONFIG-INVALID', { path: user.path, message });
  if (user.exec && user.authProvider) throw invalid(`user ${userName} has both exec and auth-provider`);
  if (user.exec) {
    return new ExecPlugin({
      exec: user.exec,
      cluster: execCluster(cluster, options.certificateAuthority),
      env,
      clock,
      interactive: options.interactive,
      stdinIsTerminal: options.stdinIsTerminal,
      onOutput: options.onPluginOutput,
      signal,
    });
  }
  if (!user.authProvider) return undefined;
  if (user.authProvider.name !== 'oidc') {
    throw invalid(`auth-provider ${user.authProvider.name} was removed from Kubernetes; use its exec plugin`);
  }
  const { 'idp-certificate-authority-data': data, 'idp-certificate-authority': file } =
    user.authProvider.config;
  const authority = data
    ? Buffer.from(data.reveal(), 'base64').toString('utf8')
    : file && (await read(resolve(dirname(user.path), file.reveal())));
  return new OidcCredentials({
    provider: user.authProvider,
    user: userName,
    path: user.path,
    clock,
    refresh: oidcRefresh({ certificateAuthority: authority, env, clock, signal }),
    onStoreFailed: (error) => log.warn('oidc-tokens-not-stored', { path: user.path, error: String(error) }),
  });
}

function execCluster(cluster: ClusterEntry, certificateAuthority: string | undefined): ExecClusterInfo {
  return {
    server: cluster.server,
    'tls-server-name': cluster.tlsServerName,
    'insecure-skip-tls-verify': cluster.insecureSkipTlsVerify || undefined,
    'certificate-authority-data':
      certificateAuthority && Buffer.from(certificateAuthority).toString('base64'),
    'proxy-url': cluster.proxyUrl,
    'disable-compression': cluster.disableCompression || undefined,
    config: cluster.execConfig,
  };
}

/** Impersonate-* headers. Throws SP-KUBECONFIG-INVALID for groups, uid or extra without a user, as kubectl does. */
function impersonationHeaders({ user, uid, groups = [], extra = {} }: Impersonation): OutgoingHttpHeaders {
  const extras = Object.entries(extra);
  if (!user) {
    if (!uid && groups.length === 0 && extras.length === 0) return {};
    const message = 'as-uid, as-groups and as-user-extra need `as`';
    throw new AppError('SP-KUBECONFIG-INVALID', { message });
  }
  const headers: OutgoingHttpHeaders = { 'Impersonate-User': headerText(user) };
  if (uid) headers['Impersonate-Uid'] = headerText(uid);
  if (groups.length > 0) headers['Impersonate-Group'] = groups.map(headerText);
  for (const [key, values] of extras) {
    // Keys may hold what header names may not (example.org/scopes): percent-encoded, as client-go does.
    headers[`Impersonate-Extra-${encodeKey(key)}`] = values.map(headerText);
  }
  return headers;
}

/** The UTF-8 bytes, which Node sends only as Latin-1. Control characters would end the header. */
function headerText(text: string): string {
  if (/\p{Cc}/u.test(text)) {
    throw new AppError('SP-KUBECONFIG-INVALID', { message: 'impersonation holds control characters' });
  }
  return Buffer.from(text, 'utf8').toString('latin1');
}

function encodeKey(key: string): string {
  return [...Buffer.from(key)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9!#$&'*+.^_`|~-]/.test(character)
        ? character
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

/** For the digest alone: a changed secret is a change, and JSON would print every one alike. */
function revealing(this: Readonly<Record<string, unknown>>, key: string, value: unknown): unknown {
  const original = this[key];
  return original instanceof Secret ? original.reveal() : value;
}
