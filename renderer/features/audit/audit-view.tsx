import { ScrollText } from 'lucide-react';
import { EmptyState } from '../../components/empty-state.tsx';

export default function AuditView() {
  return (
    <EmptyState icon={ScrollText} title="What was opened, by whom, when, why and to which pod">
      <p className="mono select-all text-muted">sallyport audit list</p>
    </EmptyState>
  );
}
