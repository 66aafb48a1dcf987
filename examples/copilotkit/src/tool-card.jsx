const STATES = { inProgress: "preparing", executing: "running", complete: "done" };

/** One tool call: what was asked for, and what came back. */
export function ToolCard({ name, parameters = {}, status, result }) {
  return (
    <article className="tool-card" data-tool={name} data-status={status}>
      <header>
        <strong>{name.replaceAll("_", " ")}</strong>
        <span>{STATES[status]}</span>
      </header>
      <dl>
        {Object.entries(parameters).map(([parameter, value]) => (
          <div key={parameter}>
            <dt>{parameter}</dt>
            <dd>{typeof value === "string" ? value : JSON.stringify(value)}</dd>
          </div>
        ))}
      </dl>
      {result !== undefined && <output>{result}</output>}
    </article>
  );
}
