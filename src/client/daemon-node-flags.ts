/**
 * For the Node that runs a daemon, before its script. A small young generation: the default grows to 32 MiB at the first burst and stays so;
 * bytes of tunnels are not in it. Hot code is compiled on the main thread, some milliseconds a function while it warms up: the compiler's threads
 * keep the memory that they once took for that, 9 MiB after the profiles of 100 tunnels were read.
 */
export const daemonNodeFlags = ['--max-semi-space-size=1', '--no-concurrent-recompilation'] as const;
