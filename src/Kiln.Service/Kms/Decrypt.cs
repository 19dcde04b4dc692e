using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;

namespace Kiln.Service.Kms;

/// <summary>Decrypts what Encrypt or GenerateDataKey made. KMS API Reference "Decrypt".</summary>
/// <remarks>Grant tokens are taken and not needed: a grant holds from the moment that CreateGrant has
/// answered.</remarks>
[Operation("kms:Decrypt")]
public sealed class Decrypt(KeyUse keys) : IOperation<Decrypt.Request, Decrypt.Response>
{
    /// <summary>The parameters.</summary>
    [Unsupported("Kiln has neither Nitro Enclaves nor dry-run modifiers", "Recipient", "DryRunModifiers")]
    public sealed record Request
    {
        [Length(1, 6144)] public ReadOnlyMemory<byte>? CiphertextBlob { get; init; }

        public IReadOnlyDictionary<string, string>? EncryptionContext { get; init; }

        [MaxLength(10)] public IReadOnlyList<string> GrantTokens { get; init; } = [];

        [Length(1, 2048)] public string? KeyId { get; init; }

        public EncryptionAlgorithmSpec? EncryptionAlgorithm { get; init; }

        public bool? DryRun { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public string? KeyId { get; init; }

        public ReadOnlyMemory<byte>? Plaintext { get; init; }

        public EncryptionAlgorithmSpec? EncryptionAlgorithm { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        KeyUse.CheckAlgorithm(request.EncryptionAlgorithm);
        var wrapped = KeyUse.Required(request.CiphertextBlob);
        var context = request.EncryptionContext ?? new Dictionary<string, string>();
        var key = await keys.UsableFor(call, wrapped, request.KeyId, context, cancel);
        var plain = keys.Unwrap(key, wrapped.Span, context);
        KeyUse.EndDryRun(call);
        return new Response
        {
            KeyId = key.Arn, Plaintext = plain, EncryptionAlgorithm = EncryptionAlgorithmSpec.SymmetricDefault,
        };
    }
}
