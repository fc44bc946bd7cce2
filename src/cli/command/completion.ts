import type { Command } from 'commander';
import { Argument } from 'commander';
import type { Cli } from '../cli.ts';

const examples = (program: string) => `
Examples:
  bash         source <(${program} completion bash)                    in ~/.bashrc
  zsh          source <(${program} completion zsh)                     in ~/.zshrc, after compinit
  fish         ${program} completion fish | source                     in ~/.config/fish/config.fish
  powershell   ${program} completion powershell | Out-String | iex     in $PROFILE`;

export function define(command: Command, cli: Cli): void {
  command
    .description(
      "Prints a shell's completion script. It completes commands, options, and names of profiles and tunnels.",
    )
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish', 'powershell']))
    .addHelpText('after', examples(cli.program))
    .action(async (shell: string) => {
      const { script } = await import('@bomb.sh/tab');
      // What the shell calls for each Tab.
      script(shell as 'bash' | 'zsh' | 'fish' | 'powershell', 'sallyport', 'sallyport');
    });
}
