import { CopyTextButton } from '../../components/copy-text-button.tsx';

export interface YamlBlockProps {
  readonly of: string;
  readonly title: string;
  /** Who does what with it. */
  readonly use: string;
  readonly yaml: string;
  readonly isOpen?: boolean;
}

/** YAML to be given to somebody, out of the way until it is wanted. */
export function YamlBlock({ of, title, use, yaml, isOpen = false }: YamlBlockProps) {
  return (
    <details open={isOpen} className="rounded border border-line bg-surface">
      <summary className="px-3 py-1.5 font-medium select-none">{title}</summary>
      <div className="flex flex-col gap-2 border-t border-line p-3">
        <div className="flex items-start justify-between gap-3">
          <p className="text-muted">{use}</p>
          <CopyTextButton copied={{ of, what: title }} label="Copy" text={yaml} />
        </div>
        <pre className="mono rounded bg-ground p-3 wrap-anywhere whitespace-pre-wrap">{yaml.trimEnd()}</pre>
      </div>
    </details>
  );
}
