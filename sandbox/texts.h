// The visible words of the practice portal. Headings, labels and buttons are the
// real portal's own; explanations and messages are in our words.
#ifndef ILKIMZA_SANDBOX_TEXTS_H_
#define ILKIMZA_SANDBOX_TEXTS_H_

#include <string_view>

namespace ilkimza::sandbox::texts {

using Text = std::string_view;

// Headings, which are also the labels of what leads there.
inline constexpr Text kEntrance = "Kamu Sertifikasyon Merkezi";
inline constexpr Text kVerify = "Kullanıcı Doğrulama Ekranı";
inline constexpr Text kWordUpdate = "Güvenlik Sözcüğü Güncelleme Ekranı";
inline constexpr Text kSmsConfirm = "SMS Onay Ekranı";
inline constexpr Text kSmsCodeEntry = "SMS Onay Kodu Giriş Ekranı";
inline constexpr Text kMenu = "İşlemler Menüsü";
inline constexpr Text kPinPage = "PIN ve PUK Bilgileri";
inline constexpr Text kUnblockCodeEntry = "Kilit Çözme Onay Kodu Giriş Ekranı";
inline constexpr Text kPukPage = "PUK Bilgileri";
inline constexpr Text kRevokeConfirm = "Sertifika İptal Onayı";
inline constexpr Text kResult = "Sonuç";
inline constexpr Text kMailSent = "E-posta Gönderildi";
inline constexpr Text kLinkRefused = "Bağlantı Geçersiz";
inline constexpr Text kPinDelete = "PIN ve PUK Bilgilerini Silme Onayı";
inline constexpr Text kLoggedOut = "Oturum Kapatıldı";
inline constexpr Text kSessionEnded = "Oturum Sonlandı";
inline constexpr Text kRefused = "İşlem Reddedildi";
inline constexpr Text kMaintenance = "Bakım Çalışması";
inline constexpr Text kServerError = "Beklenmeyen Hata";
inline constexpr Text kNotFound = "Sayfa Bulunamadı";

// Links and buttons.
inline constexpr Text kPersonal = "Bireysel İşlemler";
inline constexpr Text kCorporate = "Kurumsal İşlemler";
inline constexpr Text kByPassword = "Şifreli Giriş";
inline constexpr Text kByEDevlet = "e-Devlet ile Giriş";
inline constexpr Text kLogIn = "Giriş";
inline constexpr Text kEDevletLogIn = "Giriş Yap";
inline constexpr Text kForgotten = "Güvenlik Sözcüğümü Unuttum";
inline constexpr Text kRenew = "Resmi Yenile";
inline constexpr Text kSend = "Gönder";
inline constexpr Text kConfirm = "Onay";
inline constexpr Text kGiveUp = "Vazgeç";
inline constexpr Text kActivate = "Kullanıma Aç";
inline constexpr Text kRevoke = "Sertifikamı İptal Et";
inline constexpr Text kContact = "Bilgi Güncelle";
inline constexpr Text kCertificates = "Sertifika Listele";
inline constexpr Text kPinInfo = "PIN / PUK Bilgisi";
inline constexpr Text kUnblock = "Kilit Çözme";
inline constexpr Text kLogOut = "Çıkış";
inline constexpr Text kMenuLink = "Menü";
inline constexpr Text kDelete = "Sil";
inline constexpr Text kSave = "Kaydet";
inline constexpr Text kRevokeCard = "İptal Et";

// Fields, and columns and rows of tables.
inline constexpr Text kNationalId = "Kimlik No";
inline constexpr Text kCaptcha = "Resimdeki Yazı";
inline constexpr Text kWord = "Güvenlik Sözcüğü";
inline constexpr Text kEDevletPassword = "e-Devlet Şifresi";
inline constexpr Text kWordAgain = "Güvenlik Sözcüğü Tekrarı";
inline constexpr Text kEmail = "E-posta";
inline constexpr Text kSmsCode = "SMS Onay Kodu";
inline constexpr Text kPhone = "Cep Telefonu";
inline constexpr Text kYourPhone = "Telefon Numaranız";
inline constexpr Text kDescription = "Açıklama";
inline constexpr Text kValue = "Değer";
inline constexpr Text kSerial = "Kart Seri Numarası";
inline constexpr Text kPin = "PIN";
inline constexpr Text kPuk = "PUK";
inline constexpr Text kState = "Durum";
inline constexpr Text kCertificateNumber = "Sertifika Seri Numarası";
inline constexpr Text kCertificateType = "Sertifika Türü";
inline constexpr Text kValidFrom = "Başlangıç Tarihi";
inline constexpr Text kValidUntil = "Bitiş Tarihi";

inline constexpr Text kService = "Bireysel Nitelikli Elektronik Sertifika İşlemleri";
inline constexpr Text kHotline = "0262 648 18 18";

// What the portal says.
inline constexpr Text kFieldsMissing = "Lütfen tüm alanları eksiksiz doldurunuz.";
inline constexpr Text kWrongCaptcha =
    "Resimdeki yazıyı hatalı girdiniz. Lütfen yeni resimdeki karakterleri giriniz.";
inline constexpr Text kWrongCredentials = "Kimlik No veya Güvenlik Sözcüğü hatalı.";
inline constexpr Text kEDevletRefused = "Kimlik No veya e-Devlet Şifresi hatalı.";
inline constexpr Text kLocked =
    "Güvenlik Sözcüğü beş kez hatalı girildiği için hesabınız kilitlenmiştir. Kilidi açmak için "
    "Güvenlik Sözcüğünüzü yenileyiniz.";
inline constexpr Text kWrongIdOrEmail = "Kimlik No veya E-posta bilgisi kayıtlarımızla uyuşmuyor.";
inline constexpr Text kMailIsSent =
    "Güvenlik Sözcüğünüzü güncelleyebilmeniz için kayıtlı e-posta adresinize bir bağlantı "
    "gönderilmiştir. Bağlantı bir kez kullanılabilir.";
inline constexpr Text kWordsDiffer = "Güvenlik Sözcüğü ile Güvenlik Sözcüğü Tekrarı aynı değil.";
inline constexpr Text kWordTooShort = "Güvenlik Sözcüğü çok kısa: en az 6 karakter olmalıdır.";
inline constexpr Text kWordSet = "Güvenlik Sözcüğü başarıyla güncellenmiştir";
inline constexpr Text kLinkUsed =
    "Bu bağlantı daha önce kullanılmıştır. Lütfen yeni bir bağlantı isteyiniz.";
inline constexpr Text kLinkExpired =
    "Bu bağlantının süresi dolmuştur. Lütfen yeni bir bağlantı isteyiniz.";
inline constexpr Text kLinkUnknown = "Bu bağlantı tanınmadı. Lütfen yeni bir bağlantı isteyiniz.";
inline constexpr Text kWrongSmsCode = "SMS Onay Kodu hatalı.";
inline constexpr Text kSmsCodeExpired =
    "SMS Onay Kodunun süresi dolmuştur. Lütfen yeniden giriş yapınız.";
inline constexpr Text kSmsTriesUsedUp =
    "SMS Onay Kodu çok kez hatalı girildi. Lütfen yeniden giriş yapınız.";
inline constexpr Text kSessionIsOver =
    "Oturumunuzun süresi dolmuştur. Lütfen yeniden giriş yapınız.";
inline constexpr Text kFormRefused =
    "Gönderilen form doğrulanamadı veya daha önce gönderilmiş. Lütfen sayfayı yeniden açınız.";
inline constexpr Text kUnderMaintenance =
    "Sistemimizde bakım çalışması yapılmaktadır. Lütfen daha sonra tekrar deneyiniz.";
inline constexpr Text kSomethingBroke = "İşleminiz sırasında beklenmeyen bir hata oluştu.";
inline constexpr Text kNoSuchPage = "Aradığınız sayfa bulunamadı.";
inline constexpr Text kPinDeleted = "PIN ve PUK bilgileriniz kalıcı olarak silinmiştir.";
inline constexpr Text kPinAlreadyDeleted =
    "PIN ve PUK bilgileriniz daha önce silinmiştir. Bu bilgilere Kamu SM tarafından da erişilemez.";
inline constexpr Text kActivated = "Sertifikanız kullanıma açılmıştır.";
inline constexpr Text kNothingToActivate = "Kullanıma açılacak sertifika bulunmamaktadır.";
inline constexpr Text kRevoked = "Sertifikanız iptal edilmiştir.";
inline constexpr Text kNothingToRevoke = "İptal edilebilecek sertifika bulunmamaktadır.";
inline constexpr Text kBadPhone = "Cep Telefonu geçerli bir numara değil.";
inline constexpr Text kBadEmail = "E-posta geçerli bir adres değil.";
inline constexpr Text kContactUpdated = "Bilgileriniz güncellenmiştir.";
inline constexpr Text kUnblockCodeExpired =
    "Kilit çözme onay kodunun süresi dolmuştur. Lütfen yeni bir kod isteyiniz.";
inline constexpr Text kWrongUnblockCode = "Kilit çözme onay kodu hatalı.";
inline constexpr Text kLoggedOutNow = "Oturumunuz güvenli bir şekilde kapatılmıştır.";

}  // namespace ilkimza::sandbox::texts

#endif  // ILKIMZA_SANDBOX_TEXTS_H_
