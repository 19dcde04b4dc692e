using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;

namespace Kiln.Service.Ssm.Parameters;

/// <summary>Reads a parameter. Systems Manager API Reference "GetParameter".</summary>
[Operation("ssm:GetParameter")]
public sealed class GetParameter(ParameterLookup lookup) : IOperation<GetParameter.Request, GetParameter.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 2048)] public required string Name { get; init; }

        public bool? WithDecryption { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response(ParameterItem? Parameter);

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var name = ParameterName.Parse(request.Name, call);
        await call.Authorize(Arn.Parameter(call.Region, name.AccountId, name.Name));
        var found = await lookup.Find(name, call, cancel) ?? throw SsmError.ParameterNotFound();
        return new Response(
            await lookup.Item(found, request.WithDecryption == true, name.Selector, call, cancel));
    }
}
