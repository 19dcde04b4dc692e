using Kiln.Service.Calls;

namespace Kiln.Tests.Contract;

/// <summary>Every operation of ours against the public model.</summary>
public sealed class ContractTests
{
    private static readonly OperationTable Table = new();

    public static TheoryData<string> Operations() =>
        [.. Table.Services.Where(s => s.Name != OperationsPage.Own)
            .SelectMany(s => s.Operations.Keys.Select(o => $"{s.Name}:{o}"))
            .Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Operations))]
    public void Records_are_the_models(string operation)
    {
        var name = operation.Split(':');
        var judge = new Judge(Models.Of(name[0]));
        judge.Operation(Table.Service(name[0])!.Operations[name[1]].Shape);
        Assert.True(judge.Problems.Count == 0,
            $"{operation} differs from the public model. Compare with: "
            + $"dotnet run --project tools/Kiln.Draft -- draft {name[0]} {name[1]}\n  "
            + string.Join("\n  ", judge.Problems));
    }

    [Fact]
    public void Every_operation_is_in_the_table()
    {
        var marked = typeof(OperationTable).Assembly.GetTypes()
            .Where(t => t.IsDefined(typeof(OperationAttribute), inherit: false));
        var listed = Table.Services.SelectMany(s => s.Operations.Values).Select(o => o.Type).ToHashSet();
        Assert.All(marked, type =>
            Assert.True(listed.Contains(type), $"{type}: its service is not in OperationTable."));
    }

    [Fact]
    public void The_known_operations_are_the_models() =>
        Assert.All(Models.Services, service => Assert.Equal(
            Models.Of(service).Operations.Keys, KnownOperations.Of(service).Order(StringComparer.Ordinal)));
}
