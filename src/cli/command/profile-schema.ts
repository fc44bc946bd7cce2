import type { Command } from 'commander';
import type { Cli } from '../cli.ts';

export function define(command: Command, cli: Cli): void {
  command
    .description(
      'Prints the JSON Schema of a profile file, for editors: # yaml-language-server: $schema=PATH in its first line.',
    )
    .action(async () => {
      const { profileJsonSchema } = await import('../../profile/profile-json-schema.ts');
      cli.stdout.write(`${JSON.stringify(profileJsonSchema(), null, 2)}\n`);
    });
}
