// One sentence of what happened and one of what to do next, for every reason.
#include "base/error.h"
#include "clients/sdk/sentences.h"

namespace ilkimza::client {
namespace {

struct Words {
  const char* happened;
  const char* next;
};

// A switch without a default: the compiler names a reason that has no words.
Words WordsOf(v1::ErrorReason reason) {
  switch (reason) {
    case v1::ERROR_REASON_BAD_FIELD:
      return {ILKIMZA_TEXT("Something that was typed is missing or cannot be right."),
              ILKIMZA_TEXT("Look at it once more and type it again; nothing has been sent.")};
    case v1::ERROR_REASON_BAD_CONFIGURATION:
      return {
          ILKIMZA_TEXT("A setting of İlkimza on this computer or on the server is wrong."),
          ILKIMZA_TEXT("Show this to your IT department: the log names the file and the line.")};
    case v1::ERROR_REASON_JOURNEY_NOT_FOUND:
      return {ILKIMZA_TEXT("There is no such journey."),
              ILKIMZA_TEXT("See your journeys with \"ilkimza journey list\".")};
    case v1::ERROR_REASON_JOURNEY_NOT_READY:
      return {ILKIMZA_TEXT("The journey is at another step just now, so this cannot be done."),
              ILKIMZA_TEXT("Wait a moment, or see where it is with \"ilkimza journey show\".")};
    case v1::ERROR_REASON_JOURNEY_EXISTS:
      return {
          ILKIMZA_TEXT("A journey like this is under way already."),
          ILKIMZA_TEXT(
              "Go on with it with \"ilkimza start\", or end it with \"ilkimza journey cancel\".")};
    case v1::ERROR_REASON_SCREEN_CHANGED:
      return {ILKIMZA_TEXT("The screen has changed meanwhile, so the answer was not sent."),
              ILKIMZA_TEXT("Answer the screen that is shown now.")};
    case v1::ERROR_REASON_WRONG_ANSWER_KIND:
      return {ILKIMZA_TEXT("The answer does not fit the screen, so it was not sent."),
              ILKIMZA_TEXT(
                  "Answer the screen that is shown now; if this comes again, update İlkimza.")};
    case v1::ERROR_REASON_PAGE_TOKEN_INVALID:
      return {ILKIMZA_TEXT("The list has changed since this page of it was asked for."),
              ILKIMZA_TEXT("Ask for the list again from its beginning.")};
    case v1::ERROR_REASON_NOT_ALLOWED:
      return {ILKIMZA_TEXT("You are not allowed to do this."),
              ILKIMZA_TEXT("Use your own account and your own agent, or ask your IT department.")};
    case v1::ERROR_REASON_BAD_NATIONAL_ID:
      return {ILKIMZA_TEXT(
                  "This national id cannot be right: its last two digits do not fit the others."),
              ILKIMZA_TEXT("Look at your identity card and type all eleven digits again; nothing "
                           "has been sent.")};
    case v1::ERROR_REASON_SERVER_UNREACHABLE:
      return {
          ILKIMZA_TEXT("Your organisation's İlkimza server cannot be reached."),
          ILKIMZA_TEXT("Check the network connection; İlkimza keeps trying and nothing is lost.")};
    case v1::ERROR_REASON_AGENT_UNREACHABLE:
      return {ILKIMZA_TEXT("The İlkimza agent on this computer does not answer."),
              ILKIMZA_TEXT("Start it with \"systemctl --user start ilkimza-agent\", then go on "
                           "with \"ilkimza start\".")};
    case v1::ERROR_REASON_AGENT_NOT_ATTACHED:
      return {
          ILKIMZA_TEXT("The agent on this computer is not connected to the server at the moment."),
          ILKIMZA_TEXT("Wait a little: it connects again by itself and the journey goes on.")};
    case v1::ERROR_REASON_PORTAL_HOST_OFF:
      return {ILKIMZA_TEXT("This server does not visit the portal for people."),
              ILKIMZA_TEXT("Start again without \"--portal-host server\".")};
    case v1::ERROR_REASON_SHUTTING_DOWN:
      return {ILKIMZA_TEXT("The program at the other end is about to stop."),
              ILKIMZA_TEXT("Try again in a moment.")};
    case v1::ERROR_REASON_STORE_FAILED:
      return {ILKIMZA_TEXT("The server could not write down what happened."),
              ILKIMZA_TEXT("Try again later; if it stays so, tell your IT department to look at "
                           "the server's disk.")};
    case v1::ERROR_REASON_JOIN_TOKEN_REFUSED:
      return {ILKIMZA_TEXT("The join token is not good: it is unknown, used up, expired, or made "
                           "for another computer."),
              ILKIMZA_TEXT("Ask your IT department for a new one.")};
    case v1::ERROR_REASON_BAD_CERTIFICATE_REQUEST:
      return {ILKIMZA_TEXT("The server did not take this agent's request for a certificate."),
              ILKIMZA_TEXT("Update İlkimza; if this comes again, tell your IT department.")};
    case v1::ERROR_REASON_CERTIFICATE_REFUSED:
      return {ILKIMZA_TEXT("The certificate of the agent on this computer has ended or was "
                           "revoked."),
              ILKIMZA_TEXT("Ask your IT department for a join token, then run \"ilkimza-agent "
                           "enrol\".")};
    case v1::ERROR_REASON_ENROLMENT_OFF:
      return {ILKIMZA_TEXT("This server issues no certificates to agents."),
              ILKIMZA_TEXT("Ask your IT department where the agent's certificate comes from.")};
    case v1::ERROR_REASON_AGENT_EXISTS:
      return {ILKIMZA_TEXT("The server knows an agent of this name already."),
              ILKIMZA_TEXT("Ask your IT department for a join token that is made for this agent.")};
    case v1::ERROR_REASON_WRONG_CAPTCHA:
      return {ILKIMZA_TEXT("The characters of the picture were not right."),
              ILKIMZA_TEXT(
                  "Type the characters of the new picture; capital and small letters may differ.")};
    case v1::ERROR_REASON_WRONG_CREDENTIALS:
      return {ILKIMZA_TEXT("The portal does not know this national id with this security word."),
              ILKIMZA_TEXT("Type both again with care: the portal locks the account after five "
                           "wrong words. If you are not sure, say that the word is forgotten.")};
    case v1::ERROR_REASON_LOCKED_OUT:
      return {
          ILKIMZA_TEXT("The portal has locked the account after too many wrong security words."),
          ILKIMZA_TEXT("Wait until the portal opens it again or call the hotline of your card's "
                       "issuer$0, then start again with \"--forgotten\".")};
    case v1::ERROR_REASON_WRONG_SMS_CODE:
      return {ILKIMZA_TEXT("The SMS code was not right."),
              ILKIMZA_TEXT("Type the code of the newest message.")};
    case v1::ERROR_REASON_SMS_CODE_EXPIRED:
      return {ILKIMZA_TEXT("The time of the SMS code has run out."),
              ILKIMZA_TEXT("Log in again; a new code is sent.")};
    case v1::ERROR_REASON_MAIL_LINK_USED:
      return {ILKIMZA_TEXT("This link has been used already; it works only once."),
              ILKIMZA_TEXT("Ask for a new mail and open the link of the newest one.")};
    case v1::ERROR_REASON_MAIL_LINK_EXPIRED:
      return {ILKIMZA_TEXT("The time of this link has run out."),
              ILKIMZA_TEXT("Ask for a new mail and use its link soon.")};
    case v1::ERROR_REASON_MAIL_LINK_FOREIGN:
      return {ILKIMZA_TEXT("This link does not lead to the portal, so it was not opened."),
              ILKIMZA_TEXT(
                  "Copy the link of the portal's own mail; beware of mails that look like it.")};
    case v1::ERROR_REASON_WORDS_DIFFER:
      return {ILKIMZA_TEXT("The two security words were not the same."),
              ILKIMZA_TEXT("Type the new word twice, the same way.")};
    case v1::ERROR_REASON_WORD_TOO_SHORT:
      return {ILKIMZA_TEXT("The new security word is too short for the portal."),
              ILKIMZA_TEXT("Choose a longer one, with digits and with capital and small letters.")};
    case v1::ERROR_REASON_SESSION_EXPIRED:
      return {
          ILKIMZA_TEXT("The portal has closed the session because nothing happened for a while."),
          ILKIMZA_TEXT("Log in again; what is done already stays done.")};
    case v1::ERROR_REASON_PIN_INFO_DELETED:
      return {ILKIMZA_TEXT(
                  "The portal no longer holds PIN and PUK of this card: they were deleted there."),
              ILKIMZA_TEXT("Nothing is wrong with the card. If you know your PIN, use it; if not, "
                           "the portal can still show the PUK, after a code by SMS "
                           "(\"ilkimza start --goal unblock\").")};
    case v1::ERROR_REASON_PORTAL_MAINTENANCE:
      return {ILKIMZA_TEXT("The portal is under maintenance."),
              ILKIMZA_TEXT("Wait: the journey goes on by itself, and no attempt is counted.")};
    case v1::ERROR_REASON_PORTAL_REFUSED:
      return {ILKIMZA_TEXT("The portal refused, in words that İlkimza does not know."),
              ILKIMZA_TEXT("Look at the portal's page in your own browser, or call the hotline "
                           "of your card's issuer$0, then go on.")};
    case v1::ERROR_REASON_WRONG_ID_OR_EMAIL:
      return {ILKIMZA_TEXT("The portal does not know this national id with this mail address."),
              ILKIMZA_TEXT("Type both again; use the mail address of your application form. If "
                           "it is no longer yours, call the hotline of your card's issuer$0 "
                           "with your national id and the new address at hand.")};
    case v1::ERROR_REASON_BAD_CONTACT_INFO:
      return {ILKIMZA_TEXT("The portal does not take this phone number or mail address."),
              ILKIMZA_TEXT("Type both again: a mobile number (5xx xxx xx xx) and a mail address "
                           "that you can read.")};
    case v1::ERROR_REASON_NOTHING_TO_ACTIVATE:
      return {ILKIMZA_TEXT("The portal has nothing that could be activated."),
              ILKIMZA_TEXT("Look at your certificates with \"ilkimza start --goal "
                           "list-certificates\".")};
    case v1::ERROR_REASON_NOTHING_TO_REVOKE:
      return {
          ILKIMZA_TEXT("The portal has no certificate of yours that could be revoked."),
          ILKIMZA_TEXT("See what became of them with \"ilkimza start --goal list-certificates\".")};
    case v1::ERROR_REASON_PORTAL_UNREACHABLE:
      return {ILKIMZA_TEXT("The portal cannot be reached at the moment."),
              ILKIMZA_TEXT("Wait: İlkimza tries again by itself, and no attempt is counted.")};
    case v1::ERROR_REASON_PORTAL_UNTRUSTED:
      return {
          ILKIMZA_TEXT(
              "The portal could not prove that it is the portal: its certificate is not trusted."),
          ILKIMZA_TEXT("Type nothing anywhere and tell your IT department; the network or its "
                       "proxy may be in the way.")};
    case v1::ERROR_REASON_OFF_SITE:
      return {ILKIMZA_TEXT("The page leads away from the portal, so İlkimza did not follow."),
              ILKIMZA_TEXT("Tell your IT department; nothing was typed there.")};
    case v1::ERROR_REASON_TOO_MANY_REDIRECTS:
      return {ILKIMZA_TEXT("The portal sends from page to page without an end."),
              ILKIMZA_TEXT("Try again later; if it stays so, tell your IT department.")};
    case v1::ERROR_REASON_PAGE_TOO_LARGE:
      return {
          ILKIMZA_TEXT("The portal's page is far larger than it should be, so it was not read."),
          ILKIMZA_TEXT("Try again later; if it stays so, tell your IT department.")};
    case v1::ERROR_REASON_PAGE_UNREADABLE:
      return {ILKIMZA_TEXT("What the portal sent is not a page that can be read."),
              ILKIMZA_TEXT("Try again later; if it stays so, tell your IT department.")};
    case v1::ERROR_REASON_SCREEN_UNRECOGNISED:
      return {ILKIMZA_TEXT("The portal shows a page that İlkimza does not surely know, so it left "
                           "it untouched."),
              ILKIMZA_TEXT(
                  "Go on later or with an updated İlkimza, or do this step in your own browser.")};
    case v1::ERROR_REASON_SCREEN_UNEXPECTED:
      return {ILKIMZA_TEXT("The portal shows another page than the one this step begins with."),
              ILKIMZA_TEXT("Go on: İlkimza starts again from a safe step.")};
    case v1::ERROR_REASON_CONTROL_AMBIGUOUS:
      return {ILKIMZA_TEXT("A button or field of the portal's page is missing or there twice, so "
                           "nothing was pressed."),
              ILKIMZA_TEXT(
                  "Go on later or with an updated İlkimza, or do this step in your own browser.")};
    case v1::ERROR_REASON_CLICK_NOT_ALLOWED:
      return {ILKIMZA_TEXT("The portal's page offers only buttons that this step may not press, so "
                           "nothing was pressed."),
              ILKIMZA_TEXT("Tell your IT department; nothing was changed at the portal.")};
    case v1::ERROR_REASON_CONVERSATION_LOST:
      return {
          ILKIMZA_TEXT(
              "The session with the portal is gone, for example because the agent was restarted."),
          ILKIMZA_TEXT("Log in again; what is done already stays done.")};
    case v1::ERROR_REASON_SUBMISSION_UNKNOWN:
      return {ILKIMZA_TEXT("Something was sent to the portal, but its answer never came, so it is "
                           "not known whether it was taken."),
              ILKIMZA_TEXT("Nothing is sent again by itself. Go on when you are ready: İlkimza "
                           "looks at the portal from a safe step.")};
    case v1::ERROR_REASON_DELETE_COVERS_OTHER_CARDS:
      return {ILKIMZA_TEXT("The portal's delete button would delete another card's PIN as well, so "
                           "it was not pressed."),
              ILKIMZA_TEXT("Prove the PIN of your other card first, or delete in your own browser "
                           "when you need none of them any more.")};
    case v1::ERROR_REASON_REVOKE_COVERS_OTHER_CARDS:
      return {
          ILKIMZA_TEXT("The portal's button would revoke the certificates of other cards as "
                       "well, so it was not pressed."),
          ILKIMZA_TEXT("Call the hotline of your card's issuer$0 to have one card's certificate "
                       "revoked and the others kept.")};
    case v1::ERROR_REASON_SMART_CARD_SERVICE_STOPPED:
      return {ILKIMZA_TEXT("The smart-card service of this computer does not run."),
              ILKIMZA_TEXT("Start it with \"sudo systemctl start pcscd\", or ask your IT "
                           "department; İlkimza sees it by itself.")};
    case v1::ERROR_REASON_NO_READER:
      return {ILKIMZA_TEXT("No card reader is plugged in."),
              ILKIMZA_TEXT("Plug the reader in; İlkimza sees it by itself.")};
    case v1::ERROR_REASON_NO_CARD:
      return {
          ILKIMZA_TEXT("There is no card in the reader."),
          ILKIMZA_TEXT("Put the chip into the reader, contacts first; İlkimza sees it by itself.")};
    case v1::ERROR_REASON_CARD_REMOVED:
      return {ILKIMZA_TEXT("The card was taken out while it was in use."),
              ILKIMZA_TEXT("Put it back and leave it in until the end.")};
    case v1::ERROR_REASON_CARD_MUTE:
      return {ILKIMZA_TEXT("The card in the reader does not answer."),
              ILKIMZA_TEXT("Take it out, wipe its contacts, and put it in the right way round.")};
    case v1::ERROR_REASON_CARD_UNSUPPORTED:
      return {ILKIMZA_TEXT("This card is not one that İlkimza can talk to."),
              ILKIMZA_TEXT("Put in the chip of your e-signature card; for newer cards ask your IT "
                           "department about their driver.")};
    case v1::ERROR_REASON_CARD_BUSY:
      return {ILKIMZA_TEXT("Another program holds the card."),
              ILKIMZA_TEXT(
                  "Close other programs that use the card (browsers, signing programs, the "
                  "card maker's own); if none is open, restart the computer. Then try again.")};
    case v1::ERROR_REASON_CARD_RESET:
      return {ILKIMZA_TEXT(
                  "Another program reset the card in between; nothing is sent again by itself."),
              ILKIMZA_TEXT("Close other programs that use the card and try again.")};
    case v1::ERROR_REASON_CARD_PROTOCOL:
      return {ILKIMZA_TEXT("The card answered something it should not."),
              ILKIMZA_TEXT(
                  "Take the card out and put it in again; if it stays so, try another reader.")};
    case v1::ERROR_REASON_CARD_NOT_FOUND:
      return {ILKIMZA_TEXT("This card is not in any reader."),
              ILKIMZA_TEXT("Put it in, and see the cards with \"ilkimza card list\".")};
    case v1::ERROR_REASON_SERIAL_MISMATCH:
      return {ILKIMZA_TEXT("The chip in the reader is not the card that the portal names."),
              ILKIMZA_TEXT("Take it out and put in the chip that came with this certificate; an "
                           "old chip may still be in the reader.")};
    case v1::ERROR_REASON_WRONG_PIN:
      return {ILKIMZA_TEXT("The PIN was wrong."),
              ILKIMZA_TEXT("Look at how many tries are left, and type it again with care.")};
    case v1::ERROR_REASON_PIN_BLOCKED:
      return {ILKIMZA_TEXT("The PIN is blocked: it was wrong too many times."),
              ILKIMZA_TEXT("Do not try further. It is unblocked with the PUK (\"ilkimza card "
                           "unblock\"), at the portal or by your IT department.")};
    case v1::ERROR_REASON_PIN_FORMAT:
      return {ILKIMZA_TEXT("This cannot be a PIN of this card, so it was not sent to the card."),
              ILKIMZA_TEXT("Look at how long it has to be, and type it again; no try was spent.")};
    case v1::ERROR_REASON_PIN_POLICY:
      return {ILKIMZA_TEXT("This PIN is too easy to guess, so it was not sent to the card."),
              ILKIMZA_TEXT("Choose digits without an order, not a date and not all the same; no "
                           "try was spent.")};
    case v1::ERROR_REASON_LAST_TRY:
      return {ILKIMZA_TEXT("Only one try is left, so nothing was sent to the card."),
              ILKIMZA_TEXT("If you are sure of the PIN, say expressly that the last try may be "
                           "used; if not, stop here.")};
    case v1::ERROR_REASON_ATTEMPT_UNKNOWN:
      return {
          ILKIMZA_TEXT("Card, reader or program went away during the attempt, so it is not known "
                       "whether it counted."),
          ILKIMZA_TEXT(
              "Before you type anything again, put the card back and look at how many tries "
              "are left: \"ilkimza card pin-state\" spends none.")};
    case v1::ERROR_REASON_SIGNATURE_INVALID:
      return {ILKIMZA_TEXT("The card made a signature, but it does not fit its certificate."),
              ILKIMZA_TEXT("Do not sign with this card; show this to your IT department.")};
    case v1::ERROR_REASON_CERTIFICATE_NOT_FOUND:
      return {ILKIMZA_TEXT("There is no certificate for signing on this card."),
              ILKIMZA_TEXT("Check that it is the right chip; see its certificates with \"ilkimza "
                           "card certs\".")};
    case v1::ERROR_REASON_CERTIFICATE_EXPIRED:
      return {ILKIMZA_TEXT("Card and PIN work, but nothing can be signed with this card any more: "
                           "its certificate has ended."),
              ILKIMZA_TEXT("If you have a newer chip, put that one in; if not, ask its issuer for "
                           "a renewal. Its days are in \"ilkimza card certs\".")};
    case v1::ERROR_REASON_CERTIFICATE_NOT_YET_VALID:
      return {ILKIMZA_TEXT("Card and PIN work, but nothing can be signed with this card yet: its "
                           "certificate has not begun."),
              ILKIMZA_TEXT("Wait for its first day (\"ilkimza card certs\"), and sign with the old "
                           "chip until then: a renewal starts when the certificate before it "
                           "ends.")};
    case v1::ERROR_REASON_CARD_TIMEOUT:
      return {ILKIMZA_TEXT("The card did not answer in time."),
              ILKIMZA_TEXT("Take the card out, put it in again and try once more.")};
    case v1::ERROR_REASON_OPERATION_UNSUPPORTED:
      return {ILKIMZA_TEXT("This card cannot do this, so nothing was sent to it."),
              ILKIMZA_TEXT("See what it can do with \"ilkimza card show\"; your IT department "
                           "knows the card maker's own program.")};
    case v1::ERROR_REASON_PUK_TRY_NOT_CONFIRMED:
      return {
          ILKIMZA_TEXT(
              "A wrong PUK brings the card nearer to its end, so nothing was sent to the card."),
          ILKIMZA_TEXT("If you have the PUK in front of you, say expressly that a try may be used; "
                       "if not, stop here.")};
    case v1::ERROR_REASON_WRONG_PUK:
      return {ILKIMZA_TEXT("The PUK was wrong."),
              ILKIMZA_TEXT("Look the PUK up at the portal before you go on: with no try left the "
                           "card has to be issued anew.")};
    case v1::ERROR_REASON_PUK_BLOCKED:
      return {ILKIMZA_TEXT("No try of the PUK is left: it was wrong too many times, or none was "
                           "ever set."),
              ILKIMZA_TEXT("With a PUK this card cannot be unblocked; ask your IT department.")};
    case v1::ERROR_REASON_MODULE_FAILED:
      return {ILKIMZA_TEXT("The card maker's module (PKCS#11) failed; İlkimza itself goes on."),
              ILKIMZA_TEXT("Take the card out and put it in again; if it happens again, show "
                           "\"ilkimza doctor\" to your IT department.")};
    case v1::ERROR_REASON_SMART_CARD_SERVICE_MISSING:
      return {ILKIMZA_TEXT("The smart-card service is not installed on this computer."),
              ILKIMZA_TEXT("Ask your IT department to install it (on Debian the package pcscd).")};
    case v1::ERROR_REASON_SMART_CARD_NOT_PERMITTED:
      return {ILKIMZA_TEXT("This computer does not let you use the smart-card service."),
              ILKIMZA_TEXT("Log in at the computer itself and not from afar, or ask your IT "
                           "department for the permission.")};
    case v1::ERROR_REASON_PINPAD_CANCELLED:
      return {ILKIMZA_TEXT("Cancel was pressed on the reader, so nothing was sent to the card."),
              ILKIMZA_TEXT("Begin again when you like; no try was spent.")};
    case v1::ERROR_REASON_PINPAD_TIMEOUT:
      return {
          ILKIMZA_TEXT("Nothing was typed on the reader in time, so nothing was sent to the card."),
          ILKIMZA_TEXT("Begin again and type the PIN on the reader's keys; no try was spent.")};
    case v1::ERROR_REASON_NO_PINPAD:
      return {ILKIMZA_TEXT("This reader has no keys that a PIN can be typed on safely."),
              ILKIMZA_TEXT("Type the PIN on the computer's keyboard; no try was spent.")};
    case v1::ERROR_REASON_CANCELLED:
      return {ILKIMZA_TEXT("The journey was cancelled."),
              ILKIMZA_TEXT("What was done on the card or at the portal stays done. Begin anew with "
                           "\"ilkimza start\" when you like.")};
    case v1::ERROR_REASON_ATTEMPTS_EXHAUSTED:
      return {ILKIMZA_TEXT("It was not right too many times, so İlkimza stopped before the portal "
                           "locks anything."),
              ILKIMZA_TEXT("Take your time, find the right one, and go on; the tries left are said "
                           "before you type.")};
    case v1::ERROR_REASON_JOURNEY_EXPIRED:
      return {ILKIMZA_TEXT("The journey was left alone for too long and has ended."),
              ILKIMZA_TEXT("Begin anew with \"ilkimza start\"; what was done on the card or at the "
                           "portal stays done.")};
    case v1::ERROR_REASON_STEP_TIMEOUT:
      return {ILKIMZA_TEXT("Nobody answered for a while, so the journey stopped at this step."),
              ILKIMZA_TEXT("Go on when you are ready; nothing is lost.")};
    case v1::ERROR_REASON_WRONG_PHONE:
      return {
          ILKIMZA_TEXT("The phone number at the portal is not yours."),
          ILKIMZA_TEXT("Call the hotline of your card's issuer$0 with your national id, the serial "
                       "printed on your card and the right number at hand; once it is changed, "
                       "go on here: nothing is lost.")};
    case v1::ERROR_REASON_WRONG_EMAIL:
      return {
          ILKIMZA_TEXT("The mail address at the portal is not yours, so no link can reach you."),
          ILKIMZA_TEXT("Call the hotline of your card's issuer$0 with your national id, the serial "
                       "printed on your card and the right address at hand; once it is changed, "
                       "go on here: nothing is lost.")};
    case v1::ERROR_REASON_WORD_FORGOTTEN:
      return {ILKIMZA_TEXT("You said that the security word is forgotten."),
              ILKIMZA_TEXT("Set a new one now, with a link that comes by mail.")};
    case v1::ERROR_REASON_PIN_NEEDED_AGAIN:
      return {ILKIMZA_TEXT("The PIN of the portal is needed once more."),
              ILKIMZA_TEXT("Log in again to read it.")};
    case v1::ERROR_REASON_COPY_KEPT:
      return {ILKIMZA_TEXT("The portal keeps its copy of your PIN and PUK, as you wished."),
              ILKIMZA_TEXT("You can delete it at the portal whenever you like.")};
    case v1::ERROR_REASON_MAIL_NOT_RECEIVED:
      return {ILKIMZA_TEXT("No mail has come."),
              ILKIMZA_TEXT("Look into the spam folder, and ask for the mail once more. If the "
                           "portal has an old address of yours, the hotline of your card's "
                           "issuer$0 changes it.")};
    case v1::ERROR_REASON_SMS_NOT_RECEIVED:
      return {ILKIMZA_TEXT("No SMS has come, or its time ran out."),
              ILKIMZA_TEXT("Check the phone's reception and log in again; a new code is sent.")};
    case v1::ERROR_REASON_LEFT_AS_IT_WAS:
      return {ILKIMZA_TEXT("Everything was left as it was, as you wished."),
              ILKIMZA_TEXT("Begin again whenever you like.")};
    case v1::ERROR_REASON_GUIDED_NOT_POSSIBLE:
      return {ILKIMZA_TEXT("The portal does not let you do this, as you said."),
              ILKIMZA_TEXT(
                  "Let İlkimza try, or call the hotline of your card's issuer$0 and go on when "
                  "it is possible.")};
    case v1::ERROR_REASON_GOAL_SWITCHED_OFF:
      return {ILKIMZA_TEXT("Your organisation has switched this off in İlkimza."),
              ILKIMZA_TEXT("Ask your IT department, or do it at the portal in your own browser.")};
    case v1::ERROR_REASON_WAY_SWITCHED_OFF:
      return {ILKIMZA_TEXT("Your organisation has switched this way of using the portal off."),
              ILKIMZA_TEXT("Go on in the other way, or ask your IT department.")};
    case v1::ERROR_REASON_PORTAL_PACED:
      return {ILKIMZA_TEXT("Many people are at the portal at once, or it fails for many of them."),
              ILKIMZA_TEXT("Wait: İlkimza goes on by itself at the time it names.")};
    case v1::ERROR_REASON_SCREEN_DRIFTED:
      return {ILKIMZA_TEXT("The portal has changed one of its pages, for many people at once."),
              ILKIMZA_TEXT("Go on later with an updated İlkimza, or do this step in your own "
                           "browser now.")};
    case v1::ERROR_REASON_WRONG_CARD_SERIAL:
      return {ILKIMZA_TEXT("The serial that was typed is none of those that this is about, so "
                           "nothing was pressed."),
              ILKIMZA_TEXT("Read the serial off the card once more and type all of its digits.")};
    case v1::ERROR_REASON_UNSPECIFIED:
    case v1::ErrorReason_INT_MIN_SENTINEL_DO_NOT_USE_:
    case v1::ErrorReason_INT_MAX_SENTINEL_DO_NOT_USE_:
      break;
  }
  return {ILKIMZA_TEXT("Something went wrong that İlkimza has no words for."),
          ILKIMZA_TEXT("Try again; if it stays so, show this to your IT department.")};
}

}  // namespace

Sentence ReasonSentence(const Texts& texts, v1::ErrorReason reason, std::string_view hotline) {
  const Words words = WordsOf(reason);
  return {texts.Say(words.happened), WithHotline(texts.Say(words.next), hotline)};
}

}  // namespace ilkimza::client
