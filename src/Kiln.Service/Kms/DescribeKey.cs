using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;

namespace Kiln.Service.Kms;

/// <summary>Shows a key. KMS API Reference "DescribeKey".</summary>
/// <remarks>Grant tokens are taken and not needed: a grant holds from the moment that CreateGrant has
/// answered.</remarks>
[Operation("kms:DescribeKey")]
public sealed class DescribeKey(KeyUse keys) : IOperation<DescribeKey.Request, DescribeKey.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 2048)] public required string KeyId { get; init; }

        [MaxLength(10)] public IReadOnlyList<string> GrantTokens { get; init; } = [];
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public KeyMetadata? KeyMetadata { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var key = await keys.Named(call, request.KeyId, cancel);
        await keys.Authorize(call, key, new KeyAccess { Alias = KeyName.Parse(request.KeyId)!.Alias });
        return new Response { KeyMetadata = KeyMetadata.Of(key, await keys.Family(key, cancel)) };
    }
}
