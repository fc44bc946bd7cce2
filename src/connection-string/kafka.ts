import type { FormatOf } from '../contract/connection-format.ts';
import type { ConnectionWarning } from '../contract/connection-string.ts';
import type { Login } from './endpoint.ts';
import { hostPort } from './percent-encoding.ts';
import { passwordLeftOut, warning } from './warnings.ts';
import { cannotSay, type FormatWriter, type Variables } from './written.ts';

export const kafkaFormats: Record<FormatOf<'kafka'>, FormatWriter> = {
  bootstrap: (login) => ({ form: 'value', text: bootstrap(login), warnings: kafkaWarnings(login) }),
  env: (login) => ({
    form: 'environment',
    variables: kafkaVariables(login),
    warnings: kafkaWarnings(login),
  }),
};

function bootstrap({ local }: Login): string {
  if (local.kind === 'unix') throw cannotSay('Kafka', 'a unix socket', 'use a local port');
  return hostPort(local);
}

function kafkaWarnings(login: Login): ConnectionWarning[] {
  return [
    warning(
      'in-cluster-addresses',
      'the broker answers with the in-cluster addresses of its advertised listeners, and clients dial those for every topic: only a broker with a listener that advertises this very address can be used through a tunnel',
    ),
    ...passwordLeftOut(
      login,
      'Kafka clients take user and password in their configuration (sasl.jaas.config)',
    ),
  ];
}

function kafkaVariables(login: Login): Variables {
  return { KAFKA_BOOTSTRAP_SERVERS: bootstrap(login) };
}
