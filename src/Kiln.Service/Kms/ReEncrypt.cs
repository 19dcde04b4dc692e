using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;

namespace Kiln.Service.Kms;

/// <summary>Decrypts and encrypts again without showing the plain bytes. KMS API Reference "ReEncrypt".</summary>
/// <remarks>Grant tokens are taken and not needed: a grant holds from the moment that CreateGrant has
/// answered.</remarks>
[Operation("kms:ReEncrypt")]
public sealed class ReEncrypt(KeyUse keys) : IOperation<ReEncrypt.Request, ReEncrypt.Response>
{
    /// <summary>The parameters.</summary>
    [Unsupported("Kiln has no dry-run modifiers", "DryRunModifiers")]
    public sealed record Request
    {
        [Length(1, 6144)] public ReadOnlyMemory<byte>? CiphertextBlob { get; init; }

        public IReadOnlyDictionary<string, string>? SourceEncryptionContext { get; init; }

        [Length(1, 2048)] public string? SourceKeyId { get; init; }

        [Length(1, 2048)] public required string DestinationKeyId { get; init; }

        public IReadOnlyDictionary<string, string>? DestinationEncryptionContext { get; init; }

        public EncryptionAlgorithmSpec? SourceEncryptionAlgorithm { get; init; }

        public EncryptionAlgorithmSpec? DestinationEncryptionAlgorithm { get; init; }

        [MaxLength(10)] public IReadOnlyList<string> GrantTokens { get; init; } = [];

        public bool? DryRun { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public ReadOnlyMemory<byte>? CiphertextBlob { get; init; }

        public string? SourceKeyId { get; init; }

        public string? KeyId { get; init; }

        public EncryptionAlgorithmSpec? SourceEncryptionAlgorithm { get; init; }

        public EncryptionAlgorithmSpec? DestinationEncryptionAlgorithm { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        KeyUse.CheckAlgorithm(request.SourceEncryptionAlgorithm);
        KeyUse.CheckAlgorithm(request.DestinationEncryptionAlgorithm);
        var wrapped = KeyUse.Required(request.CiphertextBlob);
        var from = request.SourceEncryptionContext ?? new Dictionary<string, string>();
        var to = request.DestinationEncryptionContext ?? new Dictionary<string, string>();
        var source = await keys.UsableFor(call, wrapped, request.SourceKeyId, from, cancel, "kms:ReEncryptFrom");
        var destination = await keys.Usable(call, request.DestinationKeyId, to, cancel, "kms:ReEncryptTo");
        var plain = keys.Unwrap(source, wrapped.Span, from);
        KeyUse.EndDryRun(call);
        return new Response
        {
            CiphertextBlob = keys.Wrap(destination, plain, to),
            SourceKeyId = source.Arn,
            KeyId = destination.Arn,
            SourceEncryptionAlgorithm = EncryptionAlgorithmSpec.SymmetricDefault,
            DestinationEncryptionAlgorithm = EncryptionAlgorithmSpec.SymmetricDefault,
        };
    }
}
