import type { ReactNode } from 'react';
import { CheckField } from '../../components/check-field.tsx';
import { TextField } from '../../components/text-field.tsx';
import { CertificateFields } from './certificate-fields.tsx';
import { useContexts } from './contexts.ts';
import { type FormOf, ValueCheck, ValueSelect, ValueText } from './form-controls.tsx';
import { keysWithoutField, problemAt, problemsElsewhere, textOfValue } from './form-fields.ts';
import { PasswordFields } from './password-fields.tsx';
import { type FieldPath, valueAt } from './profile-text.ts';

const kinds = ['postgres', 'mysql', 'redis', 'mongodb', 'http', 'tcp'];
const environments = ['development', 'staging', 'production'];
const tlsModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];

export interface ProfileFormProps {
  readonly form: FormOf;
  /** The name's own field, where it is to be given: it is no part of the text. */
  readonly children?: ReactNode;
  /** What is wrong with the local port besides its being one. */
  readonly portProblem: string | undefined;
}

/** A profile as fields. What has none stays as it is written, and is named at the end. */
export function ProfileForm({ form, children, portProblem }: ProfileFormProps) {
  const { tree } = form;
  const elsewhere = problemsElsewhere(form.problems);
  const kind = textOfValue(tree.kind);
  const isDatabase = kind === '' || ['postgres', 'mysql', 'redis', 'mongodb'].includes(kind);
  const certificate = valueAt(tree, ['connection', 'certificate']);
  // Of a kind that has none it can still be taken out.
  const hasCertificate = kind === '' || kind === 'postgres' || certificate !== undefined;
  const others = keysWithoutField(tree);
  return (
    <div className="@container flex flex-col gap-5">
      {elsewhere.length > 0 && (
        <div role="alert" className="rounded border border-l-[3px] border-l-needs px-3 py-2">
          <ul className="flex flex-col gap-1">
            {elsewhere.map(({ at, message, line }) => (
              <li key={`${at} ${line} ${message}`}>{message}</li>
            ))}
          </ul>
        </div>
      )}
      <Section title="Tunnel">
        {children}
        <LocalFields form={form} problem={portProblem} />
        <Wide>
          <ValueText
            form={form}
            path={['description']}
            label="Description"
            placeholder="One line for people"
          />
        </Wide>
      </Section>
      <Section title="Target">
        <ValueText form={form} path={['namespace']} label="Namespace" />
        <ValueText form={form} path={['port']} label="Port" isNumber hint="A number, or its name" />
        <Wide>
          <ValueText
            form={form}
            path={['target']}
            label="Target"
            placeholder="statefulset/postgres/0"
            hint="statefulset/NAME/0, service/NAME, deployment/NAME, pod/NAME, or a selector as app=NAME"
          />
        </Wide>
        <ClusterFields form={form} />
      </Section>
      <Section title="What answers there">
        <ValueSelect form={form} path={['kind']} label="Kind" options={kinds} none="guessed from the port" />
        {isDatabase && (
          <>
            <ValueText form={form} path={['connection', 'database']} label="Database" />
            <ValueText form={form} path={['connection', 'user']} label="User" />
            <ValueSelect
              form={form}
              path={['connection', 'sslmode']}
              label="TLS"
              options={tlsModes}
              none="as the client has it"
            />
            <PasswordFields form={form} />
            {hasCertificate && <CertificateFields form={form} />}
          </>
        )}
      </Section>
      <PolicyFields form={form} />
      {others.length > 0 && (
        <p className="text-sm text-muted">
          Also written, and changed as YAML: <span className="mono text-text">{others.join(', ')}</span>
        </p>
      )}
    </div>
  );
}

function LocalFields({ form, problem }: { readonly form: FormOf; readonly problem: string | undefined }) {
  const local = valueAt(form.tree, ['local']);
  if (typeof local === 'object' && local !== null) {
    const isSocket = valueAt(local, ['socket']) !== undefined;
    return isSocket ? (
      <ValueText form={form} path={['local', 'socket']} label="Unix socket" />
    ) : (
      <>
        <ValueText form={form} path={['local', 'port']} label="Local port" isNumber />
        <ValueText form={form} path={['local', 'address']} label="Local address" />
      </>
    );
  }
  return (
    <ValueText
      form={form}
      path={['local']}
      label="Local port"
      isNumber
      placeholder="any free one, then kept"
      problem={problem}
    />
  );
}

/** All that is written of a cluster has to match, so that a field which is not in use is not offered beside one that is. */
function ClusterFields({ form }: { readonly form: FormOf }) {
  const { tree } = form;
  const { data } = useContexts();
  const has = (key: string) => valueAt(tree, ['cluster', key]) !== undefined;
  const isNamed = has('server') || has('context') || has('uid') || has('caFingerprint');
  const problem = isNamed ? undefined : problemAt(form.problems, ['cluster']);
  return (
    <>
      {(has('server') || !isNamed) && (
        <Wide>
          <ValueText
            form={form}
            path={['cluster', 'server']}
            label="Cluster"
            placeholder="https://api.example.com:6443"
            hint="The API server’s address, which is the same for everybody"
            problem={problem}
          />
        </Wide>
      )}
      {(has('context') || !isNamed) && (
        <Wide>
          <ValueText
            form={form}
            path={['cluster', 'context']}
            label="Context"
            list="contexts"
            hint="As it is called in your kubeconfig"
          />
          <datalist id="contexts">
            {data?.contexts.map((context) => (
              <option key={context.name} value={context.name} />
            ))}
          </datalist>
        </Wide>
      )}
    </>
  );
}

function PolicyFields({ form }: { readonly form: FormOf }) {
  const reason = valueAt(form.tree, ['policy', 'reason']);
  const asksReason = reason === true || (typeof reason === 'object' && reason !== null);
  const reasonPath: FieldPath = ['policy', 'reason'];
  const pattern = textOfValue(valueAt(reason, ['pattern']));
  return (
    <Section title="Policy">
      <ValueSelect
        form={form}
        path={['policy', 'environment']}
        label="Environment"
        options={environments}
        none="not said"
      />
      <ValueText
        form={form}
        path={['policy', 'maxConnections']}
        label="Connections at most"
        isNumber
        placeholder="no limit"
      />
      <ValueText form={form} path={['policy', 'timeLimit']} label="Ends after" placeholder="8h" />
      <ValueText form={form} path={['policy', 'idleLimit']} label="Ends when idle for" placeholder="30m" />
      <Wide>
        <div className="flex flex-col gap-2">
          <CheckField
            label="A reason is asked for before it opens"
            checked={asksReason}
            onChange={(checked) => form.change({ path: reasonPath, value: checked || undefined })}
          />
          {asksReason && (
            <div className="pl-6">
              <TextField
                name="policy.reason.pattern"
                label="The reason has to match"
                placeholder="^[A-Z]+-[0-9]+"
                hint="A regular expression; empty: any reason will do"
                value={pattern}
                problem={problemAt(form.problems, reasonPath)}
                onValueChange={(text) =>
                  form.change(
                    text === ''
                      ? { path: reasonPath, value: true }
                      : { path: [...reasonPath, 'pattern'], value: text },
                  )
                }
              />
            </div>
          )}
          <ValueCheck form={form} path={['policy', 'confirm']} label="It asks before each start" />
          <ValueCheck form={form} path={['policy', 'readOnly']} label="Sessions are read-only (Postgres)" />
          <ValueCheck
            form={form}
            path={['onDemand']}
            label="On demand"
            hint="The port is there from the start; the cluster is contacted when a program connects"
          />
          <ValueCheck form={form} path={['off']} label="Kept, but never started" />
        </div>
      </Wide>
    </Section>
  );
}

/** Two columns where there is room. */
export function Section({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <fieldset className="grid min-w-0 grid-cols-1 gap-x-4 gap-y-3 @[360px]:grid-cols-2">
      <legend className="caption mb-2">{title}</legend>
      {children}
    </fieldset>
  );
}

export function Wide({ children }: { readonly children: ReactNode }) {
  return <div className="min-w-0 @[360px]:col-span-2">{children}</div>;
}
