using System.Globalization;
using System.Text;
using Kiln.Service.Calls;

namespace Kiln.Tests.Contract;

/// <summary>Writes docs/operations.md: what is there, what is refused, what is absent.</summary>
public static class OperationsPage
{
    /// <summary>The page, from the root of the tree.</summary>
    public const string File = "docs/operations.md";

    /// <summary>Kiln's own service, which no public model describes.</summary>
    public const string Own = "kiln";

    /// <summary>The page's text.</summary>
    public static string Write(OperationTable table)
    {
        var text = new StringBuilder("""
            # Operations

            What of AWS's interface is here. Written by a test from the operations and the distilled public model
            (`KILN_UPDATE_DOCS=1 ./test.sh` brings it up to date); do not edit.

            **Shape is not behaviour.** That an operation stands here says that its parameters and its answer are AWS's
            in name, kind and place, which the contract test holds. It does not say that it does what AWS's does: that
            is for the tests of behaviour, and for [claims](claims.md).

            *Refused*: parameters that AWS has and Kiln answers with an error that names them. *Absent*: what AWS's
            answer may hold and Kiln's never does. An operation that AWS has and Kiln lacks answers
            `UnsupportedOperation`; one that nobody has, `InvalidAction`.

            """);
        var services = table.Services.Where(s => s.Name != Own && s.Operations.Count > 0)
            .OrderBy(s => s.Name, StringComparer.Ordinal);
        foreach (var service in services)
            Service(text, service);
        var others = KnownOperations.Services
            .Where(s => table.Service(s) is not { Operations.Count: > 0 }).Order(StringComparer.Ordinal).ToList();
        if (others.Count > 0)
            text.Append("\n## Services with no operation yet\n\n").AppendJoin(", ", others.Select(o => $"`{o}`"))
                .Append('\n');
        return text.ToString();
    }

    private static void Service(StringBuilder text, ServiceEntry service)
    {
        var model = Models.Of(service.Name);
        var whole = new Judge(model);
        var tops = new HashSet<string>(StringComparer.Ordinal);
        text.Append(CultureInfo.InvariantCulture, $"\n## {service.Name}\n\n{service.Operations.Count} of ");
        text.Append(CultureInfo.InvariantCulture, $"{model.Operations.Count} operations (API {model.ApiVersion}).\n\n");
        text.Append("| operation | refused | absent |\n|---|---|---|\n");
        foreach (var (name, entry) in service.Operations.OrderBy(o => o.Key, StringComparer.Ordinal))
        {
            var judge = new Judge(model);
            judge.Operation(entry.Shape);
            whole.Operation(entry.Shape);
            var facts = model.Operations[name];
            tops.Add(facts.Input ?? "");
            tops.Add(facts.Output ?? "");
            text.Append(CultureInfo.InvariantCulture, $"| `{name}` | {Names(judge.Refused, facts.Input)} | ");
            text.Append(CultureInfo.InvariantCulture, $"{Names(judge.Lacking, facts.Output)} |\n");
        }

        var structures = whole.Refused.Keys.Union(whole.Lacking.Keys).Except(tops)
            .Order(StringComparer.Ordinal).ToList();
        if (structures.Count > 0)
            text.Append("\nInside structures:\n\n| structure | refused | absent |\n|---|---|---|\n");
        foreach (var structure in structures)
            text.Append(CultureInfo.InvariantCulture,
                $"| `{structure}` | {Names(whole.Refused, structure)} | {Names(whole.Lacking, structure)} |\n");

        var missing = model.Operations.Keys.Except(service.Operations.Keys, StringComparer.Ordinal).ToList();
        if (missing.Count > 0)
            text.Append(CultureInfo.InvariantCulture, $"\n<details><summary>{missing.Count} operations answer ")
                .Append("UnsupportedOperation</summary>\n\n").AppendJoin(",\n", missing).Append("\n\n</details>\n");
    }

    private static string Names(IReadOnlyDictionary<string, SortedSet<string>> notes, string? shape) =>
        shape is not null && notes.TryGetValue(shape, out var names) ? string.Join(", ", names) : "";
}
