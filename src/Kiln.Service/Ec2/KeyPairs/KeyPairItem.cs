using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Tags;

namespace Kiln.Service.Ec2.KeyPairs;

/// <summary>A key pair on the wire. EC2 API Reference "KeyPairInfo".</summary>
public sealed record KeyPairItem
{
    /// <summary>The resource type of tags and ARNs.</summary>
    public const string Type = "key-pair";

    public required string KeyPairId { get; init; }
    public required string KeyName { get; init; }
    public required string KeyType { get; init; }
    public required string KeyFingerprint { get; init; }
    public required DateTimeOffset CreateTime { get; init; }
    public string? PublicKey { get; init; }
    [Wire("tagSet")] public required IReadOnlyList<Tag> Tags { get; init; }

    /// <summary>A key pair and the caller's tags of it.</summary>
    public static KeyPairItem Of(KeyPair row, bool withKey, IReadOnlyList<Tag> tags) => new()
    {
        KeyPairId = row.Id,
        KeyName = row.Name,
        KeyType = row.KeyType,
        KeyFingerprint = row.Fingerprint,
        CreateTime = row.CreateTime,
        PublicKey = withKey ? row.PublicKey : null,
        Tags = tags,
    };

    /// <summary>A key pair's ARN, which has its name.</summary>
    public static string Arn(Call call, string name) => Calls.Arn.Ec2(call.Region, call.AccountId, Type, name);
}
