import { connectionString } from '../connection-string/connection-string.ts';
import type { TunnelEntity } from '../contract/control-tunnel.ts';
import type { ProfileSnapshot } from '../contract/profile-snapshot.ts';
import { shellOf } from '../contract/shell-of.ts';
import type { Cli } from './cli.ts';
import { colorsFor } from './paint.ts';
import { tunnelEndpoint } from './tunnel-endpoint.ts';

/** The command that connects to it, as a line to paste; nothing where no string can be made of its hints. */
export async function howToConnect(
  tunnel: TunnelEntity,
  profiles: ProfileSnapshot,
  cli: Cli,
): Promise<string> {
  try {
    const endpoint = await tunnelEndpoint(tunnel, profiles, { cli, withPassword: false });
    const { text } = connectionString(endpoint, { shell: shellOf(cli) });
    return `  ${colorsFor(cli.stdout, cli).bold(text)}\n`;
  } catch {
    // The tunnel is up all the same; `url` says what is wrong.
    return '';
  }
}
