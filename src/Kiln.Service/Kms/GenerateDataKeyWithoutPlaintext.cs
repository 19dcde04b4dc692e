using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;

namespace Kiln.Service.Kms;

/// <summary>Answers a new data key, encrypted only. KMS API Reference "GenerateDataKeyWithoutPlaintext".</summary>
/// <remarks>Grant tokens are taken and not needed: a grant holds from the moment that CreateGrant has
/// answered.</remarks>
[Operation("kms:GenerateDataKeyWithoutPlaintext")]
public sealed class GenerateDataKeyWithoutPlaintext(KeyUse keys)
    : IOperation<GenerateDataKeyWithoutPlaintext.Request, GenerateDataKeyWithoutPlaintext.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 2048)] public required string KeyId { get; init; }

        public IReadOnlyDictionary<string, string>? EncryptionContext { get; init; }

        [Range(1, 1024)] public int? NumberOfBytes { get; init; }

        public DataKeySpec? KeySpec { get; init; }

        [MaxLength(10)] public IReadOnlyList<string> GrantTokens { get; init; } = [];

        public bool? DryRun { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public ReadOnlyMemory<byte>? CiphertextBlob { get; init; }

        public string? KeyId { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var bytes = KeyUse.DataKeyBytes(request.NumberOfBytes, request.KeySpec);
        var context = request.EncryptionContext ?? new Dictionary<string, string>();
        var key = await keys.Usable(call, request.KeyId, context, cancel);
        KeyUse.EndDryRun(call);
        var (_, wrapped) = await keys.GenerateDataKey(key, context, bytes);
        return new Response { CiphertextBlob = wrapped, KeyId = key.Arn };
    }
}
