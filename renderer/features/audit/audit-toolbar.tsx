import { Menu } from '@base-ui/react/menu';
import { Check, ChevronDown, Download, ListFilter, X } from 'lucide-react';
import type { ReactNode, RefObject } from 'react';
import { plain } from '../../../src/client/audit-words.ts';
import { buttonClass } from '../../components/button.tsx';
import { MenuPopup } from '../../components/menu-popup.tsx';
import { SearchField } from '../../components/search-field.tsx';
import { type AuditSearch, chipsOf, exactOf, fieldName, isUsualKinds, withKind } from './audit-search.ts';
import { eventKinds, kindsByGroup, usualKinds } from './event-kinds.ts';
import { type ExportFormat, exportFormats, formatName } from './export-events.ts';

export interface AuditToolbarProps {
  readonly search: AuditSearch;
  readonly onChange: (search: AuditSearch) => void;
  readonly searchField: RefObject<HTMLInputElement | null>;
  /** Down from the search: into the list. */
  readonly onLeave: () => void;
  readonly onFilter: () => void;
  readonly onExport: (format: ExportFormat) => void;
}

/** What is looked for, and what narrows it. */
export function AuditToolbar({
  search,
  onChange,
  searchField,
  onLeave,
  onFilter,
  onExport,
}: AuditToolbarProps) {
  return (
    <div className="shrink-0 border-b border-line bg-surface">
      <div className="flex min-h-12 flex-wrap items-center gap-2 px-3 py-2">
        <div className="flex min-w-40 flex-1 max-[559px]:basis-full">
          <SearchField
            label="Search events"
            value={search.words}
            onChange={(words) => onChange({ ...search, words })}
            field={searchField}
            onLeave={onLeave}
          />
        </div>
        <KindsMenu search={search} onChange={onChange} />
        <button type="button" className={buttonClass()} onClick={onFilter}>
          <ListFilter size={14} aria-hidden />
          Filter…
        </button>
        <Menu.Root>
          <Menu.Trigger className={buttonClass()}>
            <Download size={14} aria-hidden />
            Export
            <ChevronDown size={14} aria-hidden />
          </Menu.Trigger>
          <MenuPopup>
            {exportFormats.map((format) => (
              <Menu.Item key={format} onClick={() => onExport(format)} className={itemClass}>
                {formatName[format]}
              </Menu.Item>
            ))}
          </MenuPopup>
        </Menu.Root>
      </div>
      <Chips search={search} onChange={onChange} />
    </div>
  );
}

const itemClass =
  'mx-1 flex h-7 items-center gap-2 rounded-sm px-2 select-none data-[highlighted]:bg-selected';

type Change = Pick<AuditToolbarProps, 'search' | 'onChange'>;

function KindsMenu({ search, onChange }: Change) {
  const { kinds } = search;
  return (
    <Menu.Root>
      <Menu.Trigger className={buttonClass()}>
        Kinds
        {!isUsualKinds(kinds) && <span className="text-accent">{kinds.length}</span>}
        <ChevronDown size={14} aria-hidden />
      </Menu.Trigger>
      <MenuPopup className="max-h-[60vh] w-56 overflow-y-auto">
        <Menu.Item
          closeOnClick={false}
          onClick={() => onChange({ ...search, kinds: eventKinds })}
          className={itemClass}
        >
          All kinds
        </Menu.Item>
        <Menu.Item
          closeOnClick={false}
          onClick={() => onChange({ ...search, kinds: [] })}
          className={itemClass}
        >
          None
        </Menu.Item>
        {kindsByGroup.map(({ group, kinds: ofGroup }) => (
          <Menu.Group key={group} className="mt-1 border-t border-line pt-1">
            <Menu.GroupLabel className="caption px-3 py-1">{group}</Menu.GroupLabel>
            {ofGroup.map((kind) => (
              <Menu.CheckboxItem
                key={kind}
                checked={kinds.includes(kind)}
                onCheckedChange={(isWanted) =>
                  onChange({ ...search, kinds: withKind(kinds, kind, isWanted) })
                }
                className={itemClass}
              >
                <span className="flex size-3.5 items-center text-accent">
                  <Menu.CheckboxItemIndicator>
                    <Check size={14} aria-hidden />
                  </Menu.CheckboxItemIndicator>
                </span>
                {kind}
              </Menu.CheckboxItem>
            ))}
          </Menu.Group>
        ))}
      </MenuPopup>
    </Menu.Root>
  );
}

/** What narrows the list stands above it, so that an empty one explains itself. */
function Chips({ search, onChange }: Change) {
  const chips = chipsOf(search.exact);
  const hasKinds = !isUsualKinds(search.kinds);
  if (chips.length === 0 && !hasKinds) return null;
  return (
    <ul aria-label="Filters" className="flex flex-wrap gap-1.5 px-3 pb-2">
      {hasKinds && (
        <Chip label="Kinds" onRemove={() => onChange({ ...search, kinds: usualKinds })}>
          {search.kinds.length === 1 ? search.kinds[0] : `${search.kinds.length} of ${eventKinds.length}`}
        </Chip>
      )}
      {chips.map(({ field, value }) => (
        <Chip
          key={field}
          label={fieldName[field]}
          onRemove={() => onChange({ ...search, exact: exactOf({ ...search.exact, [field]: undefined }) })}
        >
          {plain(value)}
        </Chip>
      ))}
    </ul>
  );
}

interface ChipProps {
  readonly label: string;
  readonly onRemove: () => void;
  readonly children: ReactNode;
}

function Chip({ label, onRemove, children }: ChipProps) {
  return (
    <li className="flex h-6 max-w-full min-w-0 items-center gap-1.5 rounded border border-line bg-ground pl-2 text-sm">
      <span className="text-muted">{label}</span>
      <span className="truncate">{children}</span>
      <button
        type="button"
        aria-label={`Without ${label}`}
        onClick={onRemove}
        className="inline-flex size-6 shrink-0 items-center justify-center rounded text-muted hover:text-text"
      >
        <X size={12} aria-hidden />
      </button>
    </li>
  );
}
