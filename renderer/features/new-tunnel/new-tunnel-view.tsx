import { classNames } from '../../components/class-names.ts';
import { newDraft } from '../../state/drafts.ts';
import { routeHash, useRoute } from '../../state/route.ts';
import { byHand } from '../edit-profile/copy-profile.ts';
import { ClusterBrowser } from './cluster-browser.tsx';
import { ImportProfiles } from './import-profiles.tsx';
import { NewProfile } from './new-profile.tsx';

const ways = [
  { chosen: undefined, name: 'From a cluster' },
  { chosen: 'import', name: 'Paste or import' },
  { chosen: byHand, name: 'By hand' },
] as const;

const nothing = newDraft({ name: '', text: '' });

/** Three ways to a new profile. */
export default function NewTunnelView() {
  const { chosen } = useRoute();
  const isByHand = chosen?.startsWith(byHand) ?? false;
  const way = ways.find((each) => each.chosen === (isByHand ? byHand : chosen)) ?? ways[0];
  return (
    <div className="flex min-h-0 flex-1 flex-col bg-surface">
      <header className="flex h-12 shrink-0 items-center gap-5 border-b border-line px-4">
        <h2 className="shrink-0 text-lg font-semibold">New tunnel</h2>
        <nav aria-label="Ways to a new tunnel" className="flex self-stretch">
          {ways.map((each) => (
            <a
              key={each.name}
              href={routeHash({ view: 'new', chosen: each.chosen })}
              aria-current={each === way ? 'page' : undefined}
              className={classNames(
                '-mb-px flex items-center border-b-2 px-2.5 font-medium whitespace-nowrap transition-colors',
                each === way ? 'border-accent text-text' : 'border-transparent text-muted hover:text-text',
              )}
            >
              {each.name}
            </a>
          ))}
        </nav>
      </header>
      {way.chosen === undefined && <ClusterBrowser />}
      {way.chosen === 'import' && <ImportProfiles />}
      {way.chosen === byHand && <NewProfile draftKey={chosen ?? byHand} otherwise={nothing} />}
    </div>
  );
}
