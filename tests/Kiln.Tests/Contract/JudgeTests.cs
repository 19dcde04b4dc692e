using System.Runtime.Serialization;
using Kiln.Draft;
using Kiln.Protocol.Codecs;
using Kiln.Protocol.Shapes;

namespace Kiln.Tests.Contract;

/// <summary>The judge finds what is wrong, and nothing else.</summary>
public sealed class JudgeTests
{
    private static readonly ApiModel Model = new()
    {
        Service = "test", ApiVersion = "1", Protocol = "ec2", SigningName = "test",
        Operations = { ["Do"] = new ApiOperation { Http = "POST /", Input = "DoRequest", Output = "DoResult" } },
        Shapes =
        {
            ["DoRequest"] = new ApiShape
            {
                Type = "structure", Required = ["Name"],
                Members = new()
                {
                    ["Name"] = new() { Shape = "string" },
                    ["Count"] = new() { Shape = "integer", Name = "count" },
                    ["Ids"] = new() { Shape = "Ids", Name = "Id" },
                    ["Kind"] = new() { Shape = "Kind" },
                },
            },
            ["DoResult"] = new ApiShape
            {
                Type = "structure",
                Members = new()
                {
                    ["Ids"] = new() { Shape = "Ids", Name = "idSet" },
                        ["Name"] = new() { Shape = "string", Name = "name" },
                },
            },
            ["Ids"] = new ApiShape { Type = "list", Element = new() { Shape = "string", Name = "item" } },
            ["Kind"] = new ApiShape { Type = "string", Enum = ["a", "b-c"] },
        },
    };

    public enum Kinds
    {
        A,
        [EnumMember(Value = "b-c")] B,
    }

    public enum HalfOfKinds
    {
        A,
        D,
    }

    public sealed record Right
    {
        public required string Name { get; init; }
        public int? Count { get; init; }
        [Wire("Id")] public IReadOnlyList<string> Ids { get; init; } = [];
        public Kinds? Kind { get; init; }
    }

    [Unsupported("Not here", "Count", "Kind")]
    public sealed record Refusing
    {
        public required string Name { get; init; }
        [Wire("Id")] public IReadOnlyList<string> Ids { get; init; } = [];
    }

    [Unsupported("Not here", "Color")]
    public sealed record Wrong
    {
        public string? Name { get; init; }
        public long? Count { get; init; }
        public IReadOnlyList<string> Ids { get; init; } = [];
        public HalfOfKinds? Kind { get; init; }
        public string? Size { get; init; }
    }

    public sealed record Answer
    {
        [Wire("idSet")] public IReadOnlyList<string> Ids { get; init; } = [];
    }

    public sealed record WrongAnswer
    {
        [Wire("ids"), Element("id")] public IReadOnlyList<string> Ids { get; init; } = [];
        public string? Age { get; init; }
    }

    private static Judge Judged(Type request, Type response)
    {
        var judge = new Judge(Model);
        judge.Operation(new OperationShape("Do", request, response));
        return judge;
    }

    [Fact]
    public void Right_records_pass_and_what_an_answer_lacks_is_noted()
    {
        var judge = Judged(typeof(Right), typeof(Answer));
        Assert.Empty(judge.Problems);
        Assert.Equal(["Name"], judge.Lacking["DoResult"]);
        Assert.Empty(judge.Refused);
    }

    [Fact]
    public void What_is_refused_by_name_is_noted()
    {
        var judge = Judged(typeof(Refusing), typeof(Answer));
        Assert.Empty(judge.Problems);
        Assert.Equal(["Count", "Kind"], judge.Refused["DoRequest"]);
    }

    [Fact]
    public void Every_difference_of_a_request_is_named() => Assert.Equal(
        [
            "Do.Request.Name: required is False, the model has True",
            "Do.Request.Count: kind is Long, the model has integer",
            "Do.Request.Ids: wire name is Ids, the model has Id",
            "Do.Request.Kind: Kind has no value d",
            "Do.Request.Kind: lacks Kind's value b-c, so a legal request would be called invalid",
            "Do.Request.Size: DoRequest has no such member",
            "Do.Request: [Unsupported] names Color, which is no member of DoRequest",
        ],
        Judged(typeof(Wrong), typeof(Answer)).Problems);

    [Fact]
    public void A_parameter_may_not_be_dropped_in_silence() => Assert.Equal(
        [
            "Do.Request.Name: neither a property nor named in [Unsupported]",
            "Do.Request.Count: neither a property nor named in [Unsupported]",
            "Do.Request.Kind: neither a property nor named in [Unsupported]",
        ],
        Judged(typeof(Answer), typeof(Answer)).Problems.Where(p => p.Contains("neither", StringComparison.Ordinal)));

    [Fact]
    public void Every_difference_of_a_response_is_named() => Assert.Equal(
        [
            "Do.Response.Ids: wire name is ids, the model has idSet",
            "Do.Response.Ids: element is id, the model has item",
            "Do.Response.Age: DoResult has no such member",
        ],
        Judged(typeof(Right), typeof(WrongAnswer)).Problems);

    [Fact]
    public void An_operation_must_be_the_services()
    {
        var judge = new Judge(Model);
        judge.Operation(new OperationShape("Undo", typeof(Right), typeof(Answer)));
        Assert.Equal(["Undo: test has no such operation"], judge.Problems);
    }
}
