using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;

namespace Kiln.Service.Kms;

/// <summary>Says that a key is not rotated: Kiln does not rotate keys. KMS API Reference
/// "GetKeyRotationStatus".</summary>
[Operation("kms:GetKeyRotationStatus")]
public sealed class GetKeyRotationStatus(KeyUse keys)
    : IOperation<GetKeyRotationStatus.Request, GetKeyRotationStatus.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 2048)] public required string KeyId { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public bool? KeyRotationEnabled { get; init; }

        public string? KeyId { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var key = await keys.Own(call, request.KeyId, cancel);
        key.EnsureNotPending();
        return new Response { KeyRotationEnabled = false, KeyId = key.Arn };
    }
}
