using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Errors;
using Kiln.Service.Calls;

namespace Kiln.Service.Ssm.Parameters;

/// <summary>Reads up to ten parameters. Systems Manager API Reference "GetParameters".</summary>
[Operation("ssm:GetParameters")]
public sealed class GetParameters(ParameterLookup lookup) : IOperation<GetParameters.Request, GetParameters.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 10)] public required IReadOnlyList<string> Names { get; init; }

        public bool? WithDecryption { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public IReadOnlyList<ParameterItem> Parameters { get; init; } = [];

        public IReadOnlyList<string> InvalidParameters { get; init; } = [];
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        ParameterName[] names = [.. request.Names.Select(n => ParameterName.Parse(n, call))];
        await call.Authorize([.. names.Select(n => Arn.Parameter(call.Region, n.AccountId, n.Name))]);
        var found = new List<ParameterItem>();
        var invalid = new List<string>();
        foreach (var (name, text) in names.Zip(request.Names).DistinctBy(pair => pair.Second))
        {
            if (await Find(name, call, cancel) is { } version)
                found.Add(await lookup.Item(version, request.WithDecryption == true, name.Selector, call, cancel));
            else
                invalid.Add(text);
        }
        return new Response { Parameters = found, InvalidParameters = invalid };
    }

    private async Task<ParameterVersion?> Find(ParameterName name, Call call, CancellationToken cancel)
    {
        try
        {
            return await lookup.Find(name, call, cancel);
        }
        catch (AwsException absent) when (absent.Code == "ParameterVersionNotFound")
        {
            return null;
        }
    }
}
