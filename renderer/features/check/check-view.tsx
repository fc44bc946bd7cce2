import { CircleCheck } from 'lucide-react';
import { EmptyState } from '../../components/empty-state.tsx';

export default function CheckView() {
  return (
    <EmptyState icon={CircleCheck} title="What you may do in a cluster, and what is missing">
      <p className="mono select-all text-muted">sallyport check NAME</p>
    </EmptyState>
  );
}
