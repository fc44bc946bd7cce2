/**
 * What src/cli/process-cli.ts gives a daemon's Node, here for every command: the flags have to stand before the program is read. Nothing
 * else is taken from outside, NODE_OPTIONS neither: who can set a variable of a login shell is not to load code into what holds passwords.
 */
export const nodeFlags = ['--max-semi-space-size=1', '--no-concurrent-recompilation'] as const;
