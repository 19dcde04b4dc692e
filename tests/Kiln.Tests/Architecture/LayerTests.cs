using System.Text.RegularExpressions;

namespace Kiln.Tests.Architecture;

/// <summary>Who may know whom: between the services inside Kiln.Service.</summary>
/// <remarks>
/// Iam, Sts and Kms know only themselves; Ec2, Ebs and S3 know them too; the orchestrators stand on top and use the
/// others through their operations.
/// </remarks>
public sealed partial class LayerTests
{
    private const string Root = "src/Kiln.Service/";

    private static readonly Dictionary<string, int> Layers = new(StringComparer.Ordinal)
    {
        ["Iam"] = 0, ["Sts"] = 0, ["Kms"] = 0,
        ["Ec2"] = 1, ["Ebs"] = 1, ["S3"] = 1,
        ["AutoScaling"] = 2, ["ImageBuilder"] = 2, ["Backup"] = 2, ["Ssm"] = 2, ["Config"] = 2, ["Dlm"] = 2,
        ["Rbin"] = 2, ["Events"] = 2,
    };

    [Fact]
    public void Services_know_only_their_own_layer_and_those_below() => Rule.Holds(
        from file in Tree.Code(Root)
        let service = file[Root.Length..].Split('/')[0]
        where Layers.ContainsKey(service)
        from other in Mentioned(file)
        where Layers[other] > Layers[service]
        select $"{file} knows {other}",
        "Iam, Sts, Kms ← Ec2, Ebs, S3 ← orchestrators: turn the call round, or make the fact a row that the upper "
        + "service reconciles.");

    [Fact]
    public void Orchestrators_touch_no_rows_of_other_services()
    {
        var owners = Entities.Sets().ToDictionary(
            s => s.Name, s => s.Entity.Namespace?.Split('.').ElementAtOrDefault(2) ?? "", StringComparer.Ordinal);
        Rule.Holds(
            from file in Tree.Code(Root)
            let service = file[Root.Length..].Split('/')[0]
            where Layers.GetValueOrDefault(service) == 2
            from Match use in SetUse().Matches(Tree.Text(file))
            let set = use.Groups[1].Value
            where owners.TryGetValue(set, out var owner) && Layers.ContainsKey(owner) && owner != service
            select $"{file} uses db.{set}",
            "An orchestrator uses another service through its operations, as AWS's do: same authorisation, "
            + "same events, same errors.");
    }

    [Fact]
    public void Raw_sql_stays_in_the_claim_and_in_persistence() => Rule.Holds(
        from file in Tree.Code(Root)
        where file != Root + "Work/ClaimSql.cs" && !file.StartsWith(Root + "Persistence/", StringComparison.Ordinal)
        from Match use in RawSql().Matches(Tree.Text(file))
        select $"{file}: {use.Value}",
        "Write it as LINQ, which both databases understand; the claim in Work/ClaimSql.cs is the one exception.");

    private static IEnumerable<string> Mentioned(string file) =>
        Service().Matches(Prose().Replace(Tree.Text(file), "")).Select(m => m.Groups[1].Value).Distinct();

    // Comments and strings speak of services without knowing them.
    [GeneratedRegex("""//.*|"(?:[^"\\\n]|\\.)*"|""")]
    private static partial Regex Prose();

    [GeneratedRegex(
        @"(?<![\w.])(?:Kiln\.)?(?:Service\.)?(Iam|Sts|Kms|Ec2|Ebs|S3|"
        + @"AutoScaling|ImageBuilder|Backup|Ssm|Config|Dlm|Rbin|Events)(?=\.[A-Z]|;)")]
    private static partial Regex Service();

    [GeneratedRegex(@"\b[dD]b\.(\w+)")]
    private static partial Regex SetUse();

    [GeneratedRegex(@"\b(FromSql\w*|ExecuteSql\w*|SqlQuery\w*|DbCommand|CommandText)\b")]
    private static partial Regex RawSql();
}
