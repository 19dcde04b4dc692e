using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;

namespace Kiln.Service.Kms;

/// <summary>Names a key's policies, of which there is one. KMS API Reference "ListKeyPolicies".</summary>
[Operation("kms:ListKeyPolicies")]
public sealed class ListKeyPolicies(KeyUse keys) : IOperation<ListKeyPolicies.Request, ListKeyPolicies.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 2048)] public required string KeyId { get; init; }

        [Range(1, 1000)] public int? Limit { get; init; }

        [Length(1, 1024)] public string? Marker { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public IReadOnlyList<string> PolicyNames { get; init; } = [];

        public string? NextMarker { get; init; }

        public bool? Truncated { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await keys.Own(call, request.KeyId, cancel);
        if (request.Marker is not null)
            throw KmsError.Of("InvalidMarkerException", "Invalid marker");
        return new Response { PolicyNames = [Key.PolicyName], Truncated = false };
    }
}
