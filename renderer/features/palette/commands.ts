import type { ControlView } from '../../../src/client/control-view.ts';
import type { TunnelEntity } from '../../../src/contract/control-tunnel.ts';
import type { AppState } from '../../state/app-state.ts';
import { go, viewName, views } from '../../state/route.ts';
import type { SandboxActions } from '../../state/sandbox-actions.ts';
import type { TunnelAction } from '../../state/tunnel-actions.ts';
import type { TunnelCopier } from '../tunnels/connection-strings.ts';

export interface PaletteCommand {
  readonly id: string;
  readonly label: string;
  /** What it is about, beside the label. */
  readonly about?: string;
  readonly tunnel?: TunnelEntity;
  readonly run: () => void;
}

export interface CommandGroup {
  readonly value: string;
  readonly items: readonly PaletteCommand[];
}

/** All that can be done from anywhere: of each tunnel and of the sandbox what its state allows, then of the window. */
export function paletteCommands(
  view: Pick<ControlView, 'tunnels' | 'sandbox'>,
  { state: { actions, sandbox }, copier }: { readonly state: AppState; readonly copier: TunnelCopier },
): CommandGroup[] {
  const ofTunnels = [...view.tunnels.values()].flatMap((tunnel): PaletteCommand[] => {
    const { id, name, wanted, shown } = tunnel;
    const command = (verb: string, run: () => void): PaletteCommand => ({
      id: `${verb} ${id}`,
      label: `${verb} ${name}`,
      about: tunnel.target,
      tunnel,
      run,
    });
    const edit =
      tunnel.origin.kind === 'profile' ? [command('Edit', () => go({ view: 'edit', chosen: id }))] : [];
    const toTunnel = () => go({ view: 'tunnels', chosen: id });
    // Where its panel says how it goes.
    const onPanel = (verb: string, run: () => void) =>
      command(verb, () => {
        toTunnel();
        run();
      });
    const action = (verb: string, name: TunnelAction) => onPanel(verb, () => void actions.run(name, id));
    const show = command('Show', toTunnel);
    if (wanted !== 'on')
      return [shown === 'paused' ? action('Resume', 'resume') : action('Connect', 'up'), show, ...edit];
    return [
      show,
      onPanel('Copy', () => void copier.copy(tunnel)),
      action('Restart', 'restart'),
      action('Disconnect', 'down'),
      action('Pause', 'pause'),
      ...edit,
    ];
  });
  const ofNew: PaletteCommand[] = [
    { id: 'new', label: 'New tunnel', about: 'from a cluster', run: () => go({ view: 'new' }) },
    {
      id: 'import',
      label: 'Import profiles',
      about: 'kubectl line, kftray, kube-forwarder',
      run: () => go({ view: 'new', chosen: 'import' }),
    },
  ];
  const ofWindow = views.map(
    (view): PaletteCommand => ({
      id: `view ${view}`,
      label: `Go to ${viewName[view]}`,
      run: () => go({ view }),
    }),
  );
  return [
    { value: 'Tunnels', items: ofTunnels },
    { value: 'New', items: ofNew },
    { value: 'Sandbox', items: sandboxCommands(view, sandbox) },
    { value: 'Window', items: ofWindow },
  ].filter(({ items }) => items.length > 0);
}

/** Each shows the place where it is said how it goes. */
function sandboxCommands(
  { tunnels, sandbox: status }: Pick<ControlView, 'tunnels' | 'sandbox'>,
  actions: Pick<SandboxActions, 'start' | 'stop' | 'restartPod'>,
): PaletteCommand[] {
  const about = 'a real Postgres, on this machine';
  const start = (label: string): PaletteCommand => ({
    id: 'sandbox start',
    label,
    about,
    run: () => {
      go({ view: 'settings' });
      void actions.start();
    },
  });
  if (status.kind === 'off') return [start('Start the sandbox')];
  if (status.kind !== 'running') return [];
  const { tunnel, pod } = status;
  const restart: PaletteCommand = {
    id: 'sandbox restart',
    label: "Restart the sandbox's pod",
    about: pod,
    run: () => {
      go({ view: 'tunnels', chosen: tunnel });
      void actions.restartPod();
    },
  };
  const stop: PaletteCommand = {
    id: 'sandbox stop',
    label: 'Stop the sandbox',
    about,
    run: () => {
      go({ view: 'settings' });
      void actions.stop();
    },
  };
  // Without its tunnel nobody sees a pod come back.
  return [tunnels.has(tunnel) ? restart : start('Connect to the sandbox'), stop];
}
