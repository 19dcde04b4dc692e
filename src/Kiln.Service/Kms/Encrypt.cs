using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;

namespace Kiln.Service.Kms;

/// <summary>Encrypts up to 4 KiB. KMS API Reference "Encrypt".</summary>
/// <remarks>Grant tokens are taken and not needed: a grant holds from the moment that CreateGrant has
/// answered.</remarks>
[Operation("kms:Encrypt")]
public sealed class Encrypt(KeyUse keys) : IOperation<Encrypt.Request, Encrypt.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 2048)] public required string KeyId { get; init; }

        [Length(1, 4096)] public required ReadOnlyMemory<byte> Plaintext { get; init; }

        public IReadOnlyDictionary<string, string>? EncryptionContext { get; init; }

        [MaxLength(10)] public IReadOnlyList<string> GrantTokens { get; init; } = [];

        public EncryptionAlgorithmSpec? EncryptionAlgorithm { get; init; }

        public bool? DryRun { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public ReadOnlyMemory<byte>? CiphertextBlob { get; init; }

        public string? KeyId { get; init; }

        public EncryptionAlgorithmSpec? EncryptionAlgorithm { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        KeyUse.CheckAlgorithm(request.EncryptionAlgorithm);
        var context = request.EncryptionContext ?? new Dictionary<string, string>();
        var key = await keys.Usable(call, request.KeyId, context, cancel);
        KeyUse.EndDryRun(call);
        return new Response
        {
            CiphertextBlob = keys.Wrap(key, request.Plaintext.Span, context),
            KeyId = key.Arn,
            EncryptionAlgorithm = EncryptionAlgorithmSpec.SymmetricDefault,
        };
    }
}
