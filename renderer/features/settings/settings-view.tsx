import type { ReactNode } from 'react';
import type { ConnectionFormat } from '../../../src/contract/connection-format.ts';
import { formatsByKind, formatTitle } from '../../../src/contract/connection-format.ts';
import type { ShownSettings } from '../../../src/contract/control-settings.ts';
import { ErrorNote } from '../../components/error-note.tsx';
import { Segmented } from '../../components/segmented.tsx';
import { SelectField } from '../../components/select-field.tsx';
import { Toggle } from '../../components/toggle.tsx';
import { useAppState, useSettings } from '../../state/app-state.ts';
import { SandboxSetting } from '../sandbox/sandbox-setting.tsx';
import { desktopPlatform } from './desktop.ts';
import { MetricsSetting } from './metrics-setting.tsx';
import { PasswordsSetting } from './passwords-setting.tsx';
import { RestartNote } from './restart-note.tsx';
import { Setting, SettingGroup } from './setting.tsx';
import { kindNames } from './settings-words.ts';

/** The settings file as a form. What names programs, files and receivers is shown and not changed here. */
export default function SettingsView() {
  const { settings, error } = useSettings();
  return (
    <div className="min-h-0 flex-1 overflow-y-auto bg-surface">
      <div className="mx-auto flex max-w-[720px] flex-col gap-6 p-6 max-[719px]:p-4">
        {error && <ErrorNote error={error} />}
        {settings ? <Form settings={settings} /> : !error && <Reading />}
      </div>
    </div>
  );
}

function Reading() {
  return (
    <p role="status" className="text-muted">
      Reading the settings…
    </p>
  );
}

function Form({ settings: shown }: { readonly settings: ShownSettings }) {
  const { settings } = useAppState();
  const { window, audit, file } = shown;
  const set = (change: Parameters<typeof settings.change>[0]) => void settings.change(change);
  return (
    <>
      {shown.afterRestart.length > 0 && <RestartNote parts={shown.afterRestart} />}
      <SettingGroup title="Window">
        <Setting title="Theme">
          <Segmented
            label="Theme"
            value={window.theme ?? 'system'}
            options={[
              ['system', 'System'],
              ['light', 'Light'],
              ['dark', 'Dark'],
            ]}
            onChange={(theme) => set({ theme })}
          />
        </Setting>
        <Setting
          title="Notifications"
          text="When a tunnel needs you, is fine again, or is about to end. Never for anything else."
        >
          <Toggle
            label="Notifications"
            checked={window.notifications !== 'off'}
            onChange={(on) => set({ notifications: on ? 'needed' : 'off' })}
          />
        </Setting>
        {desktopPlatform() && (
          <Setting title="Open at login" text="The tray only; the window stays closed.">
            <Toggle
              label="Open at login"
              checked={window.openAtLogin ?? false}
              onChange={(openAtLogin) => set({ openAtLogin })}
            />
          </Setting>
        )}
      </SettingGroup>
      <SettingGroup title="Copy">
        <Setting title="Copy on connect" text="A click that connects also copies, in the format below.">
          <Toggle
            label="Copy on connect"
            checked={window.copyOnConnect ?? false}
            onChange={(copyOnConnect) => set({ copyOnConnect })}
          />
        </Setting>
        {kindNames.map(([kind, name]) => {
          const formats: readonly ConnectionFormat[] = formatsByKind[kind];
          return (
            <Setting key={kind} title={name}>
              <SelectField
                label={`Format for ${name}`}
                isLabelHidden
                className="w-56 max-[719px]:w-full"
                value={window.formats?.[kind] ?? formatsByKind[kind][0]}
                options={formats.map((format) => [format, formatTitle[format]] as const)}
                onChange={(format) => void settings.prefer(kind, format)}
              />
            </Setting>
          );
        })}
      </SettingGroup>
      <SettingGroup title="Passwords">
        <PasswordsSetting
          keepIn={shown.keepPasswordsIn}
          onChange={(keepPasswordsIn) => set({ keepPasswordsIn })}
        />
      </SettingGroup>
      <SettingGroup title="Metrics">
        <MetricsSetting
          port={shown.metricsPort}
          tokenFile={shown.metricsTokenFile}
          onChange={(metricsPort) => set({ metricsPort })}
        />
      </SettingGroup>
      <SandboxSetting />
      <SettingGroup title="Only in the file">
        <Setting title="Audit log" text="How long it is kept, and who gets a copy of it.">
          <ReadOnly>{`${audit.days} days, at most ${audit.megabytes.toLocaleString('en')} MiB`}</ReadOnly>
        </Setting>
        <Setting title="Receivers of the audit log">
          <ReadOnly>{audit.receivers.join(', ') || 'none'}</ReadOnly>
        </Setting>
        <Setting title="File" text="No page changes what names programs, files or other machines.">
          <span className="mono min-w-0 select-all text-right wrap-anywhere max-[719px]:text-left">
            {file}
          </span>
        </Setting>
      </SettingGroup>
    </>
  );
}

function ReadOnly({ children }: { readonly children: ReactNode }) {
  return (
    <span className="min-w-0 text-right text-muted wrap-anywhere max-[719px]:text-left">{children}</span>
  );
}
