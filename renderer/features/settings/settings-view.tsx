import { Settings } from 'lucide-react';
import { EmptyState } from '../../components/empty-state.tsx';

export default function SettingsView() {
  return (
    <EmptyState icon={Settings} title="How this machine runs its tunnels">
      <p className="mono select-all text-muted">sallyport daemon status</p>
    </EmptyState>
  );
}
