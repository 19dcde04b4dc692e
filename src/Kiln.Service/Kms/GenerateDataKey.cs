using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;

namespace Kiln.Service.Kms;

/// <summary>Answers a new data key, plain and encrypted. KMS API Reference "GenerateDataKey".</summary>
/// <remarks>Grant tokens are taken and not needed: a grant holds from the moment that CreateGrant has
/// answered.</remarks>
[Operation("kms:GenerateDataKey")]
public sealed class GenerateDataKey(KeyUse keys) : IOperation<GenerateDataKey.Request, GenerateDataKey.Response>
{
    /// <summary>The parameters.</summary>
    [Unsupported("Kiln has no Nitro Enclaves", "Recipient")]
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

        public ReadOnlyMemory<byte>? Plaintext { get; init; }

        public string? KeyId { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var bytes = KeyUse.DataKeyBytes(request.NumberOfBytes, request.KeySpec);
        var context = request.EncryptionContext ?? new Dictionary<string, string>();
        var key = await keys.Usable(call, request.KeyId, context, cancel);
        KeyUse.EndDryRun(call);
        var (plain, wrapped) = await keys.GenerateDataKey(key, context, bytes);
        return new Response { CiphertextBlob = wrapped, Plaintext = plain, KeyId = key.Arn };
    }
}
