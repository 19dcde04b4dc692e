using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;

namespace Kiln.Service.Kms;

/// <summary>Shows a key's policy. KMS API Reference "GetKeyPolicy".</summary>
[Operation("kms:GetKeyPolicy")]
public sealed class GetKeyPolicy(KeyUse keys) : IOperation<GetKeyPolicy.Request, GetKeyPolicy.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 2048)] public required string KeyId { get; init; }

        [Length(1, 128), RegularExpression(@"[\w]+")] public string? PolicyName { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public string? Policy { get; init; }

        public string? PolicyName { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var key = await keys.Own(call, request.KeyId, cancel);
        return request.PolicyName is null or Key.PolicyName
            ? new Response { Policy = key.Policy, PolicyName = Key.PolicyName }
            : throw KmsError.Of("NotFoundException", "No such policy exists");
    }
}
