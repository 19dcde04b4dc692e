using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;

namespace Kiln.Service.Kms;

/// <summary>Answers random bytes. KMS API Reference "GenerateRandom".</summary>
[Operation("kms:GenerateRandom")]
public sealed class GenerateRandom : IOperation<GenerateRandom.Request, GenerateRandom.Response>
{
    /// <summary>The parameters.</summary>
    [Unsupported("Kiln has neither Nitro Enclaves nor custom key stores", "Recipient", "CustomKeyStoreId")]
    public sealed record Request
    {
        [Range(1, 1024)] public int? NumberOfBytes { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public ReadOnlyMemory<byte>? Plaintext { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        return request.NumberOfBytes is { } bytes
            ? new Response { Plaintext = RandomNumberGenerator.GetBytes(bytes) }
            : throw KmsError.Of("ValidationException", "NumberOfBytes is required.");
    }
}
