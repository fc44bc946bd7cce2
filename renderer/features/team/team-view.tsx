import { ArrowUpDown } from 'lucide-react';
import { EmptyState } from '../../components/empty-state.tsx';

export default function TeamView() {
  return (
    <EmptyState icon={ArrowUpDown} title="Profiles that are shared with you, and what changed in them">
      <p className="mono select-all text-muted">sallyport profile source list</p>
    </EmptyState>
  );
}
