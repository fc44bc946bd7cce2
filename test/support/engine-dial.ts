import { AppError } from '../../src/base/app-error.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import type { Resolution } from '../../src/contract/resolution.ts';
import { Engine } from '../../src/engine/engine.ts';
import { createKubeApi } from '../../src/kube/http-kube-api.ts';
import type { Dial } from '../../src/postgres/dial.ts';
import { parseTarget } from '../../src/target/parse-target.ts';
import type { PodLink } from '../../src/tunnel/upstream.ts';

export interface EngineDial extends AsyncDisposable {
  readonly dial: Dial;
  readonly engine: Engine;
  readonly namespace: string;
}

/** The way into a target's pods as the gateway sees it, over the engine's own watches and sessions. */
export async function engineDial(options: {
  kubeconfig: string;
  namespace: string;
  target: string;
  port: number;
}): Promise<EngineDial> {
  await using stack = new AsyncDisposableStack();
  const { kubeconfig, namespace, port } = options;
  const api = stack.use(
    await createKubeApi({
      kubeconfig,
      context: undefined,
      namespace,
      impersonate: undefined,
      env: process.env,
      clock: systemClock,
      log: silentLog,
      userAgent: () => 'sallyport-test',
      interactive: () => false,
      onPluginOutput: () => {},
    }),
  );
  const engine = stack.use(new Engine({ api, clock: systemClock, log: silentLog, carrier: 'auto' }));
  const upstream = engine.upstream({ target: parseTarget(options.target), namespace, port });
  let resolution: Resolution | undefined;
  let link: PodLink | undefined;
  const links: PodLink[] = [];
  stack.defer(async () => {
    await Promise.all(links.map((each) => each[Symbol.asyncDispose]()));
  });
  stack.use(
    upstream.follow(
      (newest) => {
        resolution = newest;
      },
      () => {},
    ),
  );
  const dial: Dial = async ({ head, signal }) => {
    if (resolution?.kind !== 'pod') throw new AppError('SP-TARGET-NO-PODS', { target: options.target });
    const { pod, port: podPort } = resolution;
    if (link?.pod.uid !== pod.uid) {
      link = upstream.link(pod);
      links.push(link);
    }
    const to = link;
    await to.warm(signal);
    const open = (how: { head: readonly Buffer[]; signal: AbortSignal }) =>
      to.open({ port: podPort, ...how });
    return {
      stream: await open({ head: head(pod), signal }),
      pod,
      served: () => {},
      failed: () => false,
      again: open,
    };
  };
  const owned = stack.move();
  return { dial, engine, namespace, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
