using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.KeyPairs;

/// <summary>What making and importing a key pair have in common: the name, the quota, the row.</summary>
public static class NewKeyName
{
    /// <summary>Checks a name and the quota.</summary>
    /// <exception cref="Protocol.Errors.AwsException">InvalidParameterValue, InvalidKeyPair.Duplicate,
    /// ResourceLimitExceeded.</exception>
    public static async Task Check(Db db, Call call, string name, CancellationToken cancel)
    {
        if (name.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            throw Ec2Error.InvalidParameterValue(Ec2Error.Short(name), "keyName", "Use printable ASCII characters.");
        var own = db.KeyPairs.Where(k => k.AccountId == call.AccountId && k.Region == call.Region);
        if (await own.AnyAsync(k => k.Name == name, cancel))
            throw Ec2Error.InvalidKeyPairDuplicate(name);
        await db.Limit($"key pairs/{call.AccountId}/{call.Region}", own, KeyPair.PerRegionMax, more: 1,
            () => Ec2Error.ResourceLimitExceeded($"You may have up to {KeyPair.PerRegionMax} key pairs in a Region."),
            cancel);
    }

    /// <summary>The row of a new key pair.</summary>
    public static KeyPair Row(Call call, string name, PublicKey key, DateTimeOffset now) => new()
    {
        Id = Ids.New("key"),
        Region = call.Region,
        AccountId = call.AccountId,
        Name = name,
        KeyType = key.KeyType,
        Fingerprint = key.Fingerprint,
        PublicKey = key.Line,
        CreateTime = now,
    };
}
