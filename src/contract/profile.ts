/**
 * A profile as people write it. The schema changes nothing that it reads, so what is validated, hashed, shown and written back is one
 * value. A message here says what would be right and follows "must be"; descriptions become the published JSON Schema.
 */
import * as z from 'zod';
import { policySchema, policyTighteningSchema, programsSchema } from './policy.ts';
import { flag, hint, oneOf, text, visible } from './schema-words.ts';

const contextSchema = visible("a context's name of the kubeconfig", 1, 253);

/** Lower case, because names are typed, pasted into URLs and become environment variables; never integer-like, which JS would reorder. */
export const profileNameSchema = text(
  'a name that starts with a letter and has at most 63 lower case letters, digits, ".", "_" and "-"',
  /^[a-z][a-z0-9._-]{0,62}$/,
);

const portRight = 'a port from 1 to 65535';
const portSchema = z.int(portRight).min(1, portRight).max(65_535, portRight);

const clusterRight = 'a map with at least one of server, caFingerprint, uid and context';
const clusterSchema = z
  .strictObject(
    {
      server: text(
        'an https URL without a user name',
        /^https?:\/\/[^\s\p{Cc}\p{Cf}/@?#]{1,255}(\/[^\s\p{Cc}\p{Cf}@?#]{0,255})?$/u,
      )
        .describe("The API server's URL as in the kubeconfig: https://api.prod.example.com:6443.")
        .optional(),
      caFingerprint: text(
        "the SHA-256 of the cluster's CA certificate, 64 hexadecimal digits",
        /^([0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}$|^[0-9A-Fa-f]{64}$/,
      )
        .describe("SHA-256 fingerprint of the cluster's CA certificate (DER), with or without colons.")
        .optional(),
      uid: text(
        "the kube-system namespace's UID",
        /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
      )
        .describe('UID of the namespace kube-system: kubectl get ns kube-system -o jsonpath={.metadata.uid}.')
        .optional(),
      context: contextSchema
        .describe("A context's name. Names differ between people: prefer server, caFingerprint or uid.")
        .optional(),
    },
    clusterRight,
  )
  .refine((cluster) => Object.keys(cluster).length > 0, clusterRight)
  .meta({ minProperties: 1 })
  .describe('Which cluster. All that is named here must match the context that is used.');

const localSchema = z
  .union(
    [
      portSchema,
      z.strictObject({
        address: text('an IP address', /^[0-9A-Fa-f:.]{2,45}$/)
          .describe('The address to listen on. Default: loopback, IPv4 and IPv6.')
          .optional(),
        port: portSchema.describe('The local port.'),
      }),
      z.strictObject({
        socket: text(
          'an absolute path or one that starts with ~/',
          /^(~\/|\/|[A-Za-z]:\\)[^\0]{1,240}$/,
        ).describe('Path of a unix socket. Only in your own file.'),
      }),
    ],
    'a port from 1 to 65535, a map with address and port, or a map with socket',
  )
  .describe('Where programs on this machine connect. When absent a free port is taken once and kept.');

const objectName = (object: 'Secret' | 'ConfigMap') =>
  text(`a ${object}'s name`, /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/).describe(`The ${object}'s name.`);
const objectKey = (object: 'Secret' | 'ConfigMap', what: string) =>
  text(`a key of the ${object}`, /^[A-Za-z0-9._-]{1,253}$/).describe(`The key that holds the ${what}.`);
const keyOfObject = (object: 'Secret' | 'ConfigMap', what: string, right: string) =>
  z
    .strictObject(
      {
        name: objectName(object),
        key: objectKey(object, what),
      },
      right,
    )
    .describe(`A ${object} in the profile's namespace.`);
const secretKeySchema = (what: string) => keyOfObject('Secret', what, 'a map with name and key');

const pathSchema = text('an absolute path or one that starts with ~/', /^(~\/|\/|[A-Za-z]:\\)[^\0]{1,4000}$/);

const passwordRight = 'a map with one of secret, configMap, keychain, command, environment and file';
const wholeText = 'password, or a connection URL, keywords and values or JSON with one';
const passwordSourceSchema = z
  .union(
    [
      z.strictObject({
        secret: z
          .union(
            [
              z
                .literal('auto')
                .describe(
                  'Found by what the pod tells of its operator or environment, in its own namespace.',
                ),
              keyOfObject('Secret', wholeText, 'auto, or a map with name and key'),
            ],
            'auto, or a map with name and key',
          )
          .describe("A Secret in the profile's namespace, or auto."),
      }),
      z.strictObject({
        configMap: keyOfObject('ConfigMap', wholeText, 'a map with name and key'),
      }),
      z.strictObject({
        keychain: z
          .literal(true, 'true')
          .describe('Asked for once and kept in the keychain of this machine.'),
      }),
      z.strictObject({
        command: z
          .array(text('text', /^[^\0]{1,4096}$/), 'a list: the program and its arguments')
          .min(1, 'a list: the program and its arguments')
          .max(64, 'a list of at most 64 arguments')
          .describe(
            'Program and arguments, run without a shell; prints the password. Only in your own file.',
          ),
      }),
      z.strictObject({
        environment: text("an environment variable's name", /^[A-Za-z_][A-Za-z0-9_]{0,127}$/).describe(
          'Environment variable that holds the password. Only in your own file.',
        ),
      }),
      z.strictObject({
        file: pathSchema.describe('File that holds the password. Only in your own file.'),
      }),
    ],
    passwordRight,
  )
  .describe('Where the password is. Never the password itself.');

const certificateSourceSchema = z
  .union(
    [
      z.strictObject({
        secret: z
          .strictObject(
            {
              name: objectName('Secret'),
              certificate: objectKey(
                'Secret',
                'certificate, and those that lead to its CA. Default: tls.crt',
              ).optional(),
              key: objectKey('Secret', 'private key. Default: tls.key').optional(),
            },
            'a map with name, and perhaps certificate and key',
          )
          .describe("A Secret in the profile's namespace, as of type kubernetes.io/tls."),
      }),
      z.strictObject({
        files: z
          .strictObject(
            {
              certificate: pathSchema.describe('The certificate, and those that lead to its CA.'),
              key: pathSchema.describe('Its private key, without a passphrase.'),
            },
            'a map with certificate and key',
          )
          .describe('PEM files, of which nobody else may read the key. Only in your own file.'),
      }),
    ],
    'a map with secret or files',
  )
  .describe(
    'Postgres: the client certificate that the gateway logs in with, alone or beside a password. The role is that of user.',
  );

const connectionSchema = z
  .strictObject(
    {
      database: hint('a name').describe("The database's name (Redis: its number).").optional(),
      user: hint('a name').describe('The user to log in as.').optional(),
      sslmode: oneOf('disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full')
        .describe('TLS between client and server, in the words of libpq.')
        .optional(),
      pooler: oneOf('session', 'transaction', 'statement')
        .describe('The target is a pooler (PgBouncer) in this mode.')
        .optional(),
      scheme: oneOf('http', 'https').describe('Of kind http. Default: http.').optional(),
      password: passwordSourceSchema.optional(),
      ca: z
        .union(
          [
            z.strictObject({ secret: secretKeySchema('certificates') }),
            z.strictObject({ file: pathSchema.describe('A PEM file. Only in your own file.') }),
          ],
          'a map with secret or file',
        )
        .describe(
          "The CA that the server's certificate is checked against: by the gateway where it is on, else by programs, which are given the path.",
        )
        .optional(),
      certificate: certificateSourceSchema.optional(),
      serverRole: oneOf('primary', 'replica')
        .describe(
          'Postgres, with a gateway: which server this is for, as the server itself says (pg_is_in_recovery). A target with several pods is searched for it; one of the other role is refused.',
        )
        .optional(),
      serverName: text('a host name', /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/)
        .describe("The name that the server's certificate is checked for. Default: that of the Service.")
        .optional(),
      authSource: hint('a name').describe('MongoDB: the database that knows the user.').optional(),
    },
    'a map with database, user, sslmode, pooler, scheme, password, ca, certificate, serverRole, serverName and authSource',
  )
  .describe('What a client needs to know to connect; goes into connection strings.');

export const profileSchema = z.strictObject(
  {
    description: visible('one line of at most 500 visible characters', 0, 500)
      .describe('One line for people.')
      .optional(),
    cluster: clusterSchema,
    namespace: text("a namespace's name", /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/).describe('The namespace.'),
    target: visible('text of at most 2000 visible characters', 1, 2000).describe(
      'What to connect to: statefulset/NAME/0, service/NAME, deployment/NAME, pod/NAME or a selector as app=NAME.',
    ),
    port: z
      .union(
        [portSchema, text("a port's name", /^(?=.*[a-z])[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)],
        "a port from 1 to 65535 or a port's name",
      )
      .describe("The target's port, by number or by the name that the pod or Service gives it."),
    local: localSchema.optional(),
    kind: oneOf('postgres', 'mysql', 'redis', 'mongodb', 'http', 'tcp')
      .describe(
        'What answers there; decides the connection strings. Default: guessed from the port, then from the names of target and profile; else tcp.',
      )
      .optional(),
    connection: connectionSchema.optional(),
    labels: z
      .record(
        text('a word', /^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/),
        visible('text of at most 253 visible characters', 0, 253),
        'a map of words to text',
      )
      .describe('Words to search and sort by.')
      .optional(),
    policy: policySchema.optional(),
    onDemand: flag()
      .describe('The port is bound from the start, the cluster is contacted when a client connects.')
      .optional(),
    off: flag().describe('Kept here, but never started.').optional(),
  },
  'a map with cluster, namespace, target and port',
);

export type Profile = z.infer<typeof profileSchema>;
export type LocalAddress = z.infer<typeof localSchema>;
export type ProfileKind = NonNullable<Profile['kind']>;

export const profileOverrideSchema = z.strictObject(
  {
    port: portSchema.describe('The local port to use here.').optional(),
    context: contextSchema.describe("The context to use here instead of the profile's cluster.").optional(),
    off: flag().describe('true: not started here. false: started although its source says off.').optional(),
    passwordless: programsSchema
      .describe(
        "Programs that need not know the password of this tunnel's gateway here, as policy.passwordless has them.",
      )
      .optional(),
    policy: policyTighteningSchema
      .describe("Bounds the tunnel further. What is looser than the profile's own policy is refused.")
      .optional(),
  },
  'a map with port, context, off, passwordless and policy',
);

export type ProfileOverride = z.infer<typeof profileOverrideSchema>;
